package vmette.vhostuser;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import vmette.linux.Epoll;
import vmette.linux.Errno;
import vmette.linux.EventFd;
import vmette.linux.LinuxException;
import vmette.linux.UnixSocket;
import vmette.memory.GuestRam;
import vmette.memory.GuestRegion;
import vmette.virtio.GuestDriver;
import vmette.virtio.Virtio;

/**
 * Plays QEMU's side of vhost-user over a real socket. Where it waits for an answer it runs a pump, so that a test with a
 * stepped loop needs no second thread; with a loop of its own thread the pump may do nothing.
 */
public final class FakeFrontend implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final int NEED_REPLY = 1 << 3;

    private final UnixSocket socket;
    private final Runnable pump;
    private final Epoll readable = new Epoll(1);
    private final List<Ring> rings = new ArrayList<>();
    private long features;
    private List<GuestRegion> regions = List.of();

    /** One ring's eventfds, the front-end's ends. */
    public record Ring(int index, GuestDriver driver, EventFd kickFd, EventFd callFd) implements AutoCloseable {
        /** Shows the device what was added, and kicks if it asked for that. */
        public void submit() {
            if (driver.publish()) {
                kick();
            }
        }

        /** Kicks. */
        public void kick() {
            kickFd.signal();
        }

        /** How many calls came since the last time. */
        public long calls() {
            return callFd.drain();
        }

        @Override
        public void close() {
            kickFd.close();
            callFd.close();
        }
    }

    /** A reply: request code, flags, payload. */
    public record Reply(int request, int flags, ByteBuffer payload) {}

    private FakeFrontend(UnixSocket socket, Runnable pump) {
        this.socket = socket;
        this.pump = pump;
        readable.add(socket.fd(), Epoll.IN, 0);
    }

    /** Connects to a back-end's socket. */
    public static FakeFrontend connect(Path path, Runnable pump) {
        return new FakeFrontend(UnixSocket.connect(path), pump);
    }

    /** What QEMU does when the device is realised: features, protocol features, owner. Returns the features offered. */
    public long handshake() {
        long offered = getU64(FrontendRequest.GET_FEATURES);
        long protocol = getU64(FrontendRequest.GET_PROTOCOL_FEATURES);
        send(FrontendRequest.SET_PROTOCOL_FEATURES, false, u64(protocol));
        send(FrontendRequest.SET_OWNER, false, payload(0));
        return offered;
    }

    /** SET_FEATURES, with VHOST_USER_F_PROTOCOL_FEATURES and VIRTIO_F_VERSION_1 added as QEMU does. */
    public void setFeatures(long chosen) {
        features = chosen | VhostUser.F_PROTOCOL_FEATURES | Virtio.F_VERSION_1;
        send(FrontendRequest.SET_FEATURES, false, u64(features));
    }

    /** SET_MEM_TABLE, acknowledged. */
    public void setMemory(GuestRam ram) {
        setMemory(ram.regions(), ram.file().fd());
    }

    /** The same for regions that all lie in one file. */
    public void setMemory(List<GuestRegion> table, int file) {
        expectMemory(table);
        int[] files = new int[regions.size()];
        Arrays.fill(files, file);
        acknowledged(FrontendRequest.SET_MEM_TABLE, memoryTable(regions), files);
    }

    /** Where rings set up from now on have their addresses; {@link #setMemory} says the same to the back-end. */
    void expectMemory(List<GuestRegion> table) {
        regions = List.copyOf(table);
    }

    /** Payload of SET_MEM_TABLE. */
    public static ByteBuffer memoryTable(List<GuestRegion> regions) {
        ByteBuffer b = payload(8 + 32 * regions.size()).putInt(regions.size()).putInt(0);
        for (GuestRegion region : regions) {
            b.putLong(region.guestAddress()).putLong(region.size());
            b.putLong(region.userAddress()).putLong(region.sourceOffset());
        }
        return b.flip();
    }

    /** Sets a ring up as QEMU does when the guest's driver is ready: size, base, addresses, kick, call; then enables it. */
    public Ring startRing(int index, GuestDriver driver, int base) {
        Ring ring = new Ring(index, driver, EventFd.create(), EventFd.create());
        rings.add(ring);
        setUpRing(ring, base);
        setEnabled(index, true);
        return ring;
    }

    /** As {@link #startRing} for eventfds that exist, not enabling it. */
    public void setUpRing(Ring ring, int base) {
        int index = ring.index();
        send(FrontendRequest.SET_VRING_NUM, false, state(index, ring.driver().size()));
        send(FrontendRequest.SET_VRING_BASE, false, state(index, base));
        acknowledged(FrontendRequest.SET_VRING_ADDR, ownAddresses(index, ring.driver()));
        send(FrontendRequest.SET_VRING_KICK, false, u64(index), ring.kickFd().fd());
        send(FrontendRequest.SET_VRING_CALL, false, u64(index), ring.callFd().fd());
    }

    /** Payload of SET_VRING_ADDR for a driver's ring in a {@link GuestRam}. */
    public static ByteBuffer addresses(int index, GuestDriver driver) {
        return addresses(index, driver, GuestRam.USER_OFFSET);
    }

    /** Payload of SET_VRING_ADDR for a ring in the memory that was set last. */
    ByteBuffer ownAddresses(int index, GuestDriver driver) {
        long offset = regions.stream()
                .filter(region -> Long.compareUnsigned(driver.descAddress() - region.guestAddress(), region.size()) < 0)
                .mapToLong(region -> region.userAddress() - region.guestAddress())
                .findFirst()
                .orElse(GuestRam.USER_OFFSET);
        return addresses(index, driver, offset);
    }

    private static ByteBuffer addresses(int index, GuestDriver driver, long offset) {
        return payload(40)
                .putInt(index)
                .putInt(0)
                .putLong(driver.descAddress() + offset)
                .putLong(driver.usedAddress() + offset)
                .putLong(driver.availAddress() + offset)
                .putLong(0)
                .flip();
    }

    /**
     * Starts a stopped ring with its used ring elsewhere, as a hostile driver may, and does not wait for an answer.
     *
     * @param offset bytes from where the driver has it
     */
    public void startMisplaced(Ring ring, long offset) {
        int index = ring.index();
        ByteBuffer addresses = ownAddresses(index, ring.driver());
        addresses.putLong(16, addresses.getLong(16) + offset);
        send(FrontendRequest.SET_VRING_BASE, false, state(index, 0));
        send(FrontendRequest.SET_VRING_ADDR, false, addresses);
        send(FrontendRequest.SET_VRING_KICK, false, u64(index), ring.kickFd().fd());
        send(FrontendRequest.SET_VRING_ENABLE, false, state(index, 1));
        pump.run();
    }

    /** SET_VRING_ENABLE, acknowledged: on return the device has been told. */
    public void setEnabled(int index, boolean enabled) {
        acknowledged(FrontendRequest.SET_VRING_ENABLE, state(index, enabled ? 1 : 0));
    }

    /** GET_VRING_BASE: stops the ring. Returns where it stopped. */
    public int stopRing(int index) {
        send(FrontendRequest.GET_VRING_BASE, false, state(index, 0));
        Reply reply = reply();
        reply.payload().getInt();
        return reply.payload().getInt();
    }

    /** GET_CONFIG. Returns the bytes, empty if the back-end refused. */
    public byte[] getConfig(int offset, int size) {
        ByteBuffer request = payload(12 + size).putInt(offset).putInt(size).putInt(0);
        send(FrontendRequest.GET_CONFIG, false, request.clear());
        ByteBuffer answer = reply().payload();
        if (!answer.hasRemaining()) {
            return new byte[0];
        }
        byte[] bytes = new byte[answer.remaining() - 12];
        answer.position(answer.position() + 12).get(bytes);
        return bytes;
    }

    long getU64(FrontendRequest request) {
        send(request, false, payload(0));
        return reply().payload().getLong();
    }

    /** Sends with need_reply and returns the acknowledgement: 0 is success. */
    long acknowledge(FrontendRequest request, ByteBuffer payload, int... fds) {
        send(request, true, payload, fds);
        return reply().payload().getLong();
    }

    private void acknowledged(FrontendRequest request, ByteBuffer payload, int... fds) {
        long answer = acknowledge(request, payload, fds);
        if (answer != 0) {
            throw new AssertionError(request + " was refused: " + answer);
        }
    }

    void send(FrontendRequest request, boolean needReply, ByteBuffer payload, int... fds) {
        sendMessage(request.code(), 1 | (needReply ? NEED_REPLY : 0), payload, fds);
    }

    /** Sends any message, well-formed header included. */
    public void sendMessage(int request, int flags, ByteBuffer payload, int... fds) {
        ByteBuffer message = payload(12 + payload.remaining())
                .putInt(request)
                .putInt(flags)
                .putInt(payload.remaining())
                .put(payload.duplicate())
                .flip();
        sendBytes(message, fds);
    }

    /** Sends anything. */
    public void sendBytes(ByteBuffer bytes, int... fds) {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        int[] pending = fds;
        while (bytes.hasRemaining()) {
            if (socket.send(bytes, pending) == UnixSocket.WOULD_BLOCK) {
                requireTime(deadline);
                pump.run();
            } else {
                pending = new int[0];
            }
        }
    }

    /** Waits for a reply. */
    public Reply reply() {
        ByteBuffer header = receive(12);
        int request = header.getInt();
        int flags = header.getInt();
        return new Reply(request, flags, receive(header.getInt()));
    }

    private ByteBuffer receive(int length) {
        ByteBuffer target = payload(length);
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (target.hasRemaining()) {
            int received = socket.receive(target, new ArrayList<>());
            if (received == 0) {
                throw new AssertionError("the back-end closed the connection");
            }
            if (received == UnixSocket.WOULD_BLOCK) {
                requireTime(deadline);
                pump.run();
                readable.await(Duration.ofMillis(1));
            }
        }
        return target.flip();
    }

    /** Whether the back-end has closed the connection; replies before that are dropped. */
    public boolean isDisconnected() {
        ByteBuffer target = payload(4096);
        try {
            int received = socket.receive(target, new ArrayList<>());
            while (received > 0) {
                received = socket.receive(target.clear(), new ArrayList<>());
            }
            return received == 0;
        } catch (LinuxException e) {
            return e.errno() == Errno.ECONNRESET;
        }
    }

    private static void requireTime(long deadline) {
        if (System.nanoTime() > deadline) {
            throw new AssertionError("no answer within " + DEADLINE);
        }
    }

    /** A payload to fill, little-endian. */
    public static ByteBuffer payload(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Payload of one 64-bit number. */
    public static ByteBuffer u64(long value) {
        return payload(8).putLong(value).flip();
    }

    /** Payload of a ring's index and a number. */
    public static ByteBuffer state(int index, int number) {
        return payload(8).putInt(index).putInt(number).flip();
    }

    /** The ring started at an index, if any. */
    public Optional<Ring> ring(int index) {
        return rings.stream().filter(ring -> ring.index() == index).findFirst();
    }

    /** Features acknowledged by {@link #setFeatures}. */
    public long features() {
        return features;
    }

    /** Disconnects, as a front-end that ends does. */
    @Override
    public void close() {
        rings.forEach(Ring::close);
        rings.clear();
        readable.close();
        socket.close();
    }
}
