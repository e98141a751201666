package vmette.vsock;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.memory.GuestRam;
import vmette.vhostuser.FakeFrontend;
import vmette.virtio.GuestDriver;

/**
 * A guest with a vsock driver that behaves like Linux's, behind a front-end; its sockets read at once and keep what they read.
 * Nothing happens but in {@link #turn}. Used on one thread. A connection is named by its guest and host port; what is asked of one
 * that does not exist is a {@link NullPointerException}.
 */
public final class RingGuest implements AutoCloseable {
    /** The guest's CID. */
    public static final int CID = 3;

    private static final int RING = 64;
    static final long RAM = 4 * GuestDriver.bytes(RING);
    private static final int RX_BUFFER = 4096 + VsockHeader.BYTES;
    private static final int LARGEST_PACKET = 64 * 1024;
    private static final int BUF_ALLOC = 256 * 1024;

    private static final class Socket {
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final ArrayDeque<byte[]> outgoing = new ArrayDeque<>();
        private int headSent;
        private boolean open;
        private boolean gone;
        private int sent;
        private int told;
        private int hostBufAlloc;
        private int hostFwdCnt;
        private int shutdownDue;
        private int hostShutdown;
    }

    private final GuestRam ram;
    private final FakeFrontend frontend;
    private final Map<ConnectionKey, Socket> sockets = new HashMap<>();
    private final Set<Integer> listening = new HashSet<>();
    private final ArrayDeque<byte[]> control = new ArrayDeque<>();
    private FakeFrontend.Ring rx;
    private FakeFrontend.Ring tx;
    private boolean offersRx = true;
    private int flood;
    private long packets;
    private long calls;
    private boolean closed;

    private RingGuest(GuestRam ram, FakeFrontend frontend) {
        this.ram = ram;
        this.frontend = frontend;
    }

    /**
     * Connects to a device's socket and starts the driver.
     *
     * @param pump lets the device work while the front-end waits for an answer
     */
    public static RingGuest connect(Path socket, Runnable pump) {
        return connect(socket, pump, GuestRam.create(0, RAM));
    }

    /** @param ram of {@link #RAM} bytes at 0; closed with this */
    static RingGuest connect(Path socket, Runnable pump, GuestRam ram) {
        RingGuest guest = new RingGuest(ram, FakeFrontend.connect(socket, pump));
        guest.frontend.handshake();
        guest.frontend.setFeatures(0);
        guest.frontend.setMemory(ram);
        guest.startDriver();
        return guest;
    }

    private void startDriver() {
        sockets.clear();
        control.clear();
        rx = frontend.startRing(RingPump.RX, new GuestDriver(ram.memory(), 0, RING, false), 0);
        tx = frontend.startRing(
                RingPump.TX, new GuestDriver(ram.memory(), 2 * GuestDriver.bytes(RING), RING, false), 0);
    }

    /** The device's configuration space: the CID, little-endian. */
    public byte[] config() {
        return frontend.getConfig(0, 8);
    }

    /** Accepts whoever dials this guest port from now on. */
    public void listen(int port) {
        listening.add(port);
    }

    /** Asks the host for a connection. */
    public void dial(int guestPort, int hostPort) {
        ConnectionKey key = new ConnectionKey(guestPort, hostPort);
        sockets.put(key, new Socket());
        control(key, VsockOp.REQUEST, 0);
    }

    /** Sends bytes, as far as the host's credit goes in each turn; the array must not be changed. */
    public void write(int guestPort, int hostPort, byte[] data) {
        socket(guestPort, hostPort).outgoing.add(data);
    }

    /**
     * Shuts down after all that was written.
     *
     * @param flags 1: receives no more, 2: sends no more, 3: both
     */
    public void shutdown(int guestPort, int hostPort, int flags) {
        socket(guestPort, hostPort).shutdownDue = flags;
    }

    /** Resets at once. */
    public void reset(int guestPort, int hostPort) {
        socket(guestPort, hostPort).gone = true;
        control(new ConnectionKey(guestPort, hostPort), VsockOp.RST, 0);
    }

    /** Whether the connection was established. */
    public boolean isOpen(int guestPort, int hostPort) {
        return socket(guestPort, hostPort).open;
    }

    /** Whether the connection has ended, in order or not. */
    public boolean isGone(int guestPort, int hostPort) {
        return socket(guestPort, hostPort).gone;
    }

    /** Whether the host has said that it sends no more. */
    public boolean sawEnd(int guestPort, int hostPort) {
        return (socket(guestPort, hostPort).hostShutdown & VsockHeader.SHUTDOWN_SEND) != 0;
    }

    /** All that the host has sent. */
    public byte[] received(int guestPort, int hostPort) {
        return socket(guestPort, hostPort).received.toByteArray();
    }

    /** How many bytes were sent. */
    public int sent(int guestPort, int hostPort) {
        return socket(guestPort, hostPort).sent;
    }

    private Socket socket(int guestPort, int hostPort) {
        return sockets.get(new ConnectionKey(guestPort, hostPort));
    }

    /** Packets received. */
    public long packets() {
        return packets;
    }

    /** Calls for the RX ring. */
    public long calls() {
        return calls;
    }

    /** Gives no more RX buffers, and takes back those there are. */
    public void withholdRxBuffers() {
        offersRx = false;
        frontend.stopRing(RingPump.RX);
        rx = frontend.startRing(RingPump.RX, new GuestDriver(ram.memory(), 0, RING, false), 0);
    }

    /** Gives RX buffers again. */
    public void offerRxBuffers() {
        offersRx = true;
    }

    /** Sends so many packets for connections that do not exist. */
    void floodStrangers(int count) {
        flood = count;
        turn();
    }

    int flooded() {
        return flood;
    }

    int outstandingTx() {
        boolean more;
        do {
            more = tx.driver().poll().isPresent();
        } while (more);
        return RING - tx.driver().freeDescriptors();
    }

    /** Breaks the TX ring. */
    public void breakTxRing() {
        tx.driver().putAvailable(RING + 5);
        tx.driver().publish();
        tx.kick();
    }

    /** What QEMU does when the VM is paused and goes on. */
    public void pauseAndResume() {
        int rxBase = frontend.stopRing(RingPump.RX);
        int txBase = frontend.stopRing(RingPump.TX);
        rx = frontend.startRing(RingPump.RX, rx.driver(), rxBase);
        tx = frontend.startRing(RingPump.TX, tx.driver(), txBase);
    }

    /** The driver begins anew and knows no connection; all rings begin at 0. */
    public void restartDriver() {
        frontend.stopRing(RingPump.RX);
        frontend.stopRing(RingPump.TX);
        startDriver();
    }

    /** The driver names a used ring where none can be. */
    void restartDriverAtOddAddress() {
        frontend.stopRing(RingPump.TX);
        frontend.startMisplaced(tx, 2);
    }

    /** How often the driver was called for the TX ring since the last time. */
    long txCalls() {
        return tx.calls();
    }

    void kickBoth() {
        rx.kick();
        tx.kick();
    }

    /** Does all that can be done without the device: takes what came, gives buffers, sends what is due. */
    public void turn() {
        calls += rx.calls();
        for (Optional<GuestDriver.Used> used = rx.driver().poll();
                used.isPresent();
                used = rx.driver().poll()) {
            packets++;
            receive(used.get().data());
        }
        while (offersRx && rx.driver().freeDescriptors() > 0) {
            rx.driver().addWritable(RX_BUFFER);
        }
        rx.submit();
        outstandingTx();
        send();
        tx.submit();
    }

    private void receive(byte[] packet) {
        VsockHeader header = VsockHeader.decode(packet);
        ConnectionKey key = new ConnectionKey(header.dstPort(), header.srcPort());
        VsockOp op = VsockOp.of(header.op());
        if (op == VsockOp.REQUEST) {
            boolean accepted = listening.contains(header.dstPort());
            if (accepted) {
                sockets.put(key, new Socket());
                sockets.get(key).open = true;
                takeCredit(sockets.get(key), header);
            }
            control(key, accepted ? VsockOp.RESPONSE : VsockOp.RST, 0);
            return;
        }
        Socket socket = sockets.get(key);
        if (socket == null || socket.gone) {
            return;
        }
        takeCredit(socket, header);
        switch (op) {
            case RESPONSE -> socket.open = true;
            case RW -> {
                socket.received.write(packet, VsockHeader.BYTES, header.len());
                if (BUF_ALLOC - (socket.received.size() - socket.told) < LARGEST_PACKET) {
                    control(key, VsockOp.CREDIT_UPDATE, 0);
                }
            }
            case CREDIT_REQUEST -> control(key, VsockOp.CREDIT_UPDATE, 0);
            case SHUTDOWN -> {
                socket.hostShutdown |= header.flags();
                if (socket.hostShutdown == VsockHeader.SHUTDOWN_BOTH) {
                    socket.gone = true;
                    control(key, VsockOp.RST, 0);
                }
            }
            case RST -> socket.gone = true;
            default -> {}
        }
    }

    private static void takeCredit(Socket socket, VsockHeader header) {
        socket.hostBufAlloc = header.bufAlloc();
        socket.hostFwdCnt = header.fwdCnt();
    }

    private void send() {
        while (!control.isEmpty() && tx.driver().freeDescriptors() > 0) {
            tx.driver().addReadable(control.remove());
        }
        for (; flood > 0 && tx.driver().freeDescriptors() > 0; flood--) {
            tx.driver().addReadable(packet(new ConnectionKey(flood, 1), VsockOp.RW, 0, new byte[0]));
        }
        sockets.forEach((key, socket) -> {
            if (socket.open && !socket.gone) {
                sendData(key, socket);
            }
        });
    }

    private void sendData(ConnectionKey key, Socket socket) {
        while (!socket.outgoing.isEmpty() && tx.driver().freeDescriptors() > 0) {
            byte[] head = socket.outgoing.getFirst();
            int credit = socket.hostBufAlloc - (socket.sent - socket.hostFwdCnt);
            int count = Math.min(Math.min(credit, LARGEST_PACKET), head.length - socket.headSent);
            if (count == 0) {
                return;
            }
            byte[] payload = Arrays.copyOfRange(head, socket.headSent, socket.headSent + count);
            tx.driver().addReadable(packet(key, VsockOp.RW, 0, payload));
            socket.sent += count;
            socket.headSent += count;
            if (socket.headSent == head.length) {
                socket.outgoing.removeFirst();
                socket.headSent = 0;
            }
        }
        if (socket.outgoing.isEmpty() && socket.shutdownDue != 0) {
            control(key, VsockOp.SHUTDOWN, socket.shutdownDue);
            socket.shutdownDue = 0;
        }
    }

    private void control(ConnectionKey key, VsockOp op, int flags) {
        control.add(packet(key, op, flags, new byte[0]));
    }

    private byte[] packet(ConnectionKey key, VsockOp op, int flags, byte[] payload) {
        Socket socket = sockets.get(key);
        int fwdCnt = socket == null ? 0 : socket.received.size();
        if (socket != null) {
            socket.told = fwdCnt;
        }
        byte[] packet = new byte[VsockHeader.BYTES + payload.length];
        new VsockHeader(
                        CID,
                        VsockHost.HOST_CID,
                        key.guestPort(),
                        key.hostPort(),
                        payload.length,
                        VsockType.STREAM.wire(),
                        op.wire(),
                        flags,
                        BUF_ALLOC,
                        fwdCnt)
                .encode(packet);
        System.arraycopy(payload, 0, packet, VsockHeader.BYTES, payload.length);
        return packet;
    }

    /** The front-end goes, and the guest with it. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            frontend.close();
            ram.close();
        }
    }
}
