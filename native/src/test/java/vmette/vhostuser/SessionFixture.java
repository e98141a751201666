package vmette.vhostuser;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import vmette.linux.StepLoop;
import vmette.memory.GuestRam;
import vmette.virtio.GuestDriver;

/** A listener with an {@link EchoDevice}, a front-end connected to it, and guest memory with room for two rings. */
final class SessionFixture implements AutoCloseable {
    static final long BASE = 0x10_0000;
    static final int SIZE = 8;
    static final long RAM = 2 * GuestDriver.bytes(SIZE);

    final StepLoop loop = new StepLoop();
    final Path directory = privateDirectory();
    final Path path = directory.resolve("vsock.sock");
    final GuestRam ram;
    EchoDevice device = new EchoDevice();
    final VhostUserListener listener;
    FakeFrontend frontend;

    SessionFixture() {
        this(GuestRam.create(BASE, RAM));
    }

    /** @param ram of {@link #RAM} bytes at {@link #BASE} */
    SessionFixture(GuestRam ram) {
        this.ram = ram;
        listener = VhostUserListener.open(
                path,
                loop,
                () -> device,
                peer -> (regions, files) -> ram.source().open(regions, files),
                pid -> true);
        frontend = connect();
    }

    static Path privateDirectory() {
        try {
            return Files.createTempDirectory("vhost");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    FakeFrontend connect() {
        FakeFrontend connected = FakeFrontend.connect(path, () -> loop.step(Duration.ZERO));
        connected.expectMemory(ram.regions());
        loop.drain();
        return connected;
    }

    GuestDriver driver(int ring, boolean eventIdx) {
        return new GuestDriver(ram.memory(), BASE + ring * GuestDriver.bytes(SIZE), SIZE, eventIdx);
    }

    /** Handshake, features and memory. */
    void negotiate(long features) {
        frontend.handshake();
        frontend.setFeatures(features);
        frontend.setMemory(ram);
    }

    /** Sends text through a ring and returns what comes back. */
    String echo(FakeFrontend.Ring ring, String text) {
        ring.driver().add(List.of(text.getBytes(StandardCharsets.US_ASCII)), List.of(100));
        ring.driver().armCalls();
        ring.submit();
        loop.drain();
        return ring.driver()
                .poll()
                .map(used -> new String(used.data(), StandardCharsets.US_ASCII))
                .orElse("nothing");
    }

    /** What happened to the device since the last time. */
    List<String> events() {
        loop.drain();
        List<String> events = List.copyOf(device.events);
        device.events.clear();
        return events;
    }

    @Override
    public void close() {
        frontend.close();
        loop.drain();
        listener.close();
        ram.close();
        loop.close();
        try {
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
