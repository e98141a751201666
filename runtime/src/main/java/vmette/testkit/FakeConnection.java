package vmette.testkit;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/**
 * One connection, both its ends: the host's is a {@link VsockChannel}, whose calls come from any thread; the guest's methods, from
 * {@link #take} on, are for the kit's thread. As on a device, nothing is delivered to the host without demand, and a guest that does not read is
 * felt as back-pressure.
 */
final class FakeConnection implements VsockChannel {
    /** The device's own marks, and its credit. */
    private static final int HIGH_WATER = 1 << 20;

    private static final int LOW_WATER = 256 << 10;
    private static final int CREDIT = 256 << 10;

    /** The guest's end: what uses it hears of what happens, on the kit's thread. */
    interface Peer {
        /** There may be bytes to {@link #take}, or their {@linkplain #hostEnded end}. */
        void readable();

        /** There is room to {@link #send} again. */
        default void writable() {}

        /** The host takes no more bytes. */
        default void refused() {}

        /** The connection is gone, reset by the host or by the end of the VM. Last call. */
        default void gone() {}
    }

    private final FakeVsock vsock;
    private final VsockAddress local;
    private final VsockAddress remote;
    private final VsockChannelHandler handler;
    private final Deque<byte[]> toGuest = new ArrayDeque<>(1);
    private final Deque<byte[]> toHost = new ArrayDeque<>(1);
    private Peer peer = () -> {};
    // Of the host's calls, under this object's lock.
    private int queued;
    private boolean blocked;
    // Of the kit's thread.
    private int waiting;
    private int demand;
    private boolean hostEnded;
    private boolean hostRefuses;
    private boolean guestEnded;
    private boolean guestRefuses;
    private boolean endTold;
    private boolean over;

    FakeConnection(FakeVsock vsock, VsockAddress local, VsockAddress remote, VsockChannelHandler handler) {
        this.vsock = vsock;
        this.local = local;
        this.remote = remote;
        this.handler = handler;
    }

    // ---- the host's end

    @Override
    public VsockAddress local() {
        return local;
    }

    @Override
    public VsockAddress remote() {
        return remote;
    }

    @Override
    public void request(int maxBytes) {
        vsock.execute(() -> {
            demand = maxBytes;
            deliver();
        });
    }

    @Override
    public boolean write(byte[] data, int offset, int length) {
        boolean room;
        synchronized (this) {
            queued += length;
            blocked |= queued > HIGH_WATER;
            room = !blocked;
        }
        vsock.execute(() -> {
            if (!over && !guestRefuses && length > 0) {
                toGuest.addLast(
                        offset == 0 && length == data.length
                                ? data
                                : Arrays.copyOfRange(data, offset, offset + length));
                wake();
            }
        });
        return room;
    }

    @Override
    public void shutdownOutput() {
        vsock.execute(() -> {
            hostEnded = true;
            wake();
            closeWhenDone();
        });
    }

    @Override
    public void shutdownInput() {
        vsock.execute(() -> {
            if (!hostRefuses) {
                hostRefuses = true;
                toHost.clear();
                waiting = 0;
                if (!over && vsock.isAwake()) {
                    peer.refused();
                }
                closeWhenDone();
            }
        });
    }

    @Override
    public void reset() {
        vsock.execute(() -> {
            if (finish()) {
                peer.gone();
            }
        });
    }

    // ---- between the ends

    void open() {
        handler.onOpen(this);
    }

    /** What there is, if there is demand. */
    private void deliver() {
        while (!over && demand > 0 && !toHost.isEmpty()) {
            byte[] chunk = toHost.removeFirst();
            if (chunk.length > demand) {
                toHost.addFirst(Arrays.copyOfRange(chunk, demand, chunk.length));
                chunk = Arrays.copyOf(chunk, demand);
            }
            demand = 0;
            boolean wasFull = waiting >= CREDIT;
            waiting -= chunk.length;
            handler.onData(chunk);
            if (!over && wasFull && waiting < CREDIT && vsock.isAwake()) {
                peer.writable();
            }
        }
        closeWhenDone();
    }

    private void closeWhenDone() {
        if (over || !guestEnded || !toHost.isEmpty()) {
            return;
        }
        if (!endTold && !hostRefuses) {
            endTold = true;
            handler.onEnd();
        }
        if (hostEnded && toGuest.isEmpty() && finish()) {
            handler.onClosed();
        }
    }

    private boolean finish() {
        if (over) {
            return false;
        }
        over = true;
        toGuest.clear();
        toHost.clear();
        vsock.forget(this);
        return true;
    }

    // ---- the guest's end

    void use(Peer other) {
        peer = other;
        wake();
    }

    /** Has the guest look, if it is awake. */
    void wake() {
        if (!over && vsock.isAwake()) {
            peer.readable();
        }
    }

    /** The next bytes from the host, or null if there are none now. */
    byte[] take() {
        byte[] next = vsock.isAwake() ? toGuest.pollFirst() : null;
        if (next != null) {
            boolean room;
            synchronized (this) {
                queued -= next.length;
                room = blocked && queued <= LOW_WATER;
                blocked &= !room;
            }
            if (room) {
                handler.onWritable();
            }
            closeWhenDone();
        }
        return next;
    }

    /** What was taken for somebody else. */
    void giveBack(byte[] bytes) {
        if (bytes.length > 0) {
            toGuest.addFirst(bytes);
            synchronized (this) {
                queued += bytes.length;
            }
        }
    }

    /** Whether the host sends no more and all of it has been taken. */
    boolean hostEnded() {
        return hostEnded && toGuest.isEmpty();
    }

    boolean hasRoom() {
        return waiting < CREDIT;
    }

    /** Whether bytes for the host would be lost. */
    boolean isRefused() {
        return over || hostRefuses;
    }

    boolean isOver() {
        return over;
    }

    /** Sends bytes, whole, whatever the room. */
    void send(byte[] bytes) {
        if (!over && !guestEnded && !hostRefuses && bytes.length > 0) {
            vsock.count();
            toHost.addLast(bytes);
            waiting += bytes.length;
            deliver();
        }
    }

    /** No more bytes follow. */
    void end() {
        if (!guestEnded) {
            guestEnded = true;
            closeWhenDone();
        }
    }

    /** Takes no more bytes; those that wait are dropped. */
    void refuse() {
        if (!over && !guestRefuses) {
            guestRefuses = true;
            toGuest.clear();
            handler.onOutputRefused();
            closeWhenDone();
        }
    }

    /** Breaks it off, as the guest's kernel does or the end of the VM. */
    void breakOff(String why) {
        if (finish()) {
            handler.onReset(new VsockResetException("connection " + local + " <-> " + remote + ": " + why));
            peer.gone();
        }
    }

    /** Why it never was. */
    static void refuse(VsockChannelHandler handler, String why) {
        handler.onReset(new VsockException(why));
    }
}
