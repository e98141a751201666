package vmette.vhostuser;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import vmette.linux.MemFd;
import vmette.linux.OwnedFd;
import vmette.linux.ProcessMemory;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRegion;
import vmette.memory.RemoteGuestMemory;
import vmette.virtio.GuestDriver;

/**
 * A front-end in a process of its own: maps a file as it is told, connects, lays a ring into that memory, and says what an
 * {@link EchoDevice} answers, or that it was disconnected.
 */
final class PrivateFrontend {
    private static final long BASE = 0x10_0000;
    private static final int SIZE = 8;
    private static final long DEADLINE_NANOS = 60_000_000_000L;

    private PrivateFrontend() {}

    /** Arguments: socket, file, {@code PRIVATE} or {@code READ_WRITE}, and where the region is said to be: offset from where it is. */
    public static void main(String[] args) throws IOException {
        Path file = Path.of(args[1]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FakeFrontend frontend = FakeFrontend.connect(Path.of(args[0]), Thread::onSpinWait)) {
            MappedByteBuffer mapped = channel.map(
                    args[2].equals("PRIVATE") ? FileChannel.MapMode.PRIVATE : FileChannel.MapMode.READ_WRITE,
                    0,
                    GuestDriver.bytes(SIZE));
            long self = ProcessHandle.current().pid();
            long address = vmette.memory.MappingProcess.addressOf(self, file);
            List<GuestRegion> table =
                    List.of(new GuestRegion(BASE, mapped.capacity(), address + Long.parseLong(args[3]), 0));
            frontend.handshake();
            frontend.setFeatures(0);
            try (OwnedFd sent = MemFd.create("not-to-be-mapped", mapped.capacity())) {
                frontend.setMemory(table, sent.fd());
            }
            try (GuestMemorySource own = RemoteGuestMemory.in(ProcessMemory.open(self));
                    GuestMemory memory = own.open(table, List.of())) {
                System.out.println(echo(frontend, new GuestDriver(memory, BASE, SIZE, false)));
            }
        } catch (AssertionError | RuntimeException e) {
            System.out.println("failed: " + e.getMessage());
        }
    }

    private static String echo(FakeFrontend frontend, GuestDriver driver) {
        FakeFrontend.Ring ring = frontend.startRing(0, driver, 0);
        driver.add(List.of("over the wall".getBytes(StandardCharsets.US_ASCII)), List.of(100));
        ring.submit();
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (System.nanoTime() - deadline < 0) {
            Optional<GuestDriver.Used> used = driver.poll();
            if (used.isPresent()) {
                return new String(used.get().data(), StandardCharsets.US_ASCII);
            }
        }
        return "no answer";
    }
}
