package vmette.stream;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import vmette.errors.VmSavedException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockChunksHandler;

/**
 * One connection without a guest: records what the host asks for, and a test plays the guest step by step. As the contract has it,
 * nothing is delivered without demand and nothing is called after a reset.
 */
public final class FakeChannel implements VsockChannel {
    private final VsockAddress local;
    private final VsockAddress remote;
    private final VsockChannelHandler handler;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private int read;
    private int writes;
    private int requests;
    private boolean demand;
    private boolean full;
    private boolean blocked;
    private boolean outputShut;
    private boolean inputShut;
    private boolean reset;
    private boolean over;
    private String violation;
    private Runnable beforeWrite = () -> {};

    FakeChannel(VsockAddress local, VsockAddress remote, VsockChannelHandler handler) {
        this.local = local;
        this.remote = remote;
        this.handler = handler;
    }

    // ---- what the host calls

    @Override
    public VsockAddress local() {
        return local;
    }

    @Override
    public VsockAddress remote() {
        return remote;
    }

    @Override
    public synchronized void request(int maxBytes) {
        if (demand) {
            violation = "a request while another is outstanding";
        }
        if (maxBytes < 1) {
            violation = "a request for " + maxBytes + " bytes";
        }
        demand = true;
        requests++;
        notifyAll();
    }

    @Override
    public synchronized boolean write(byte[] data, int offset, int length) {
        Runnable once = beforeWrite;
        beforeWrite = () -> {};
        once.run();
        if (blocked) {
            violation = "a write to a full queue";
        }
        if (outputShut) {
            violation = "a write after the end";
        }
        written.write(data, offset, length);
        writes++;
        blocked = full;
        notifyAll();
        return !full;
    }

    @Override
    public synchronized void shutdownOutput() {
        outputShut = true;
        notifyAll();
    }

    @Override
    public synchronized void shutdownInput() {
        inputShut = true;
        notifyAll();
    }

    @Override
    public synchronized void reset() {
        reset = true;
        notifyAll();
    }

    // ---- what the guest does

    /** Runs before the host's next write, by whoever writes. */
    public synchronized void beforeWrite(Runnable action) {
        beforeWrite = action;
    }

    /** Waits for demand and meets it. */
    public void deliver(byte... chunk) {
        Await.monitor(this, "demand", () -> demand);
        synchronized (this) {
            demand = false;
        }
        call(() -> handler.onData(chunk));
    }

    /** Waits for demand and meets it with several chunks. */
    public void deliverChunks(byte[]... chunks) {
        Await.monitor(this, "demand", () -> demand);
        synchronized (this) {
            demand = false;
        }
        call(() -> ((VsockChunksHandler) handler).onChunks(List.of(chunks)));
    }

    /** The queue is full from now on: the next write says so. */
    public synchronized void fill() {
        full = true;
    }

    /** The queue has room again. */
    public void drain() {
        boolean tell;
        synchronized (this) {
            full = false;
            tell = blocked;
            blocked = false;
        }
        if (tell) {
            call(handler::onWritable);
        }
    }

    public void end() {
        call(handler::onEnd);
    }

    public void refuseOutput() {
        call(handler::onOutputRefused);
    }

    public void close() {
        last(handler::onClosed);
    }

    /** The guest, or the VM's end, resets it. */
    public void resetByPeer() {
        last(() -> handler.onReset(new VsockResetException("connection " + local + " <-> " + remote + ": reset")));
    }

    /** The VM is being saved. */
    public void unplug() {
        last(() -> handler.onReset(new VmSavedException("connection " + local + " <-> " + remote + ": saved")));
    }

    void open() {
        handler.onOpen(this);
    }

    private void call(Runnable callback) {
        synchronized (this) {
            if (reset || over) {
                return;
            }
        }
        callback.run();
    }

    private void last(Runnable callback) {
        synchronized (this) {
            if (reset || over) {
                return;
            }
            over = true;
        }
        callback.run();
    }

    // ---- what a test asks

    /** Waits for the next {@code count} bytes that the host wrote. */
    public byte[] read(int count) {
        Await.monitor(this, count + " bytes written", () -> written.size() - read >= count);
        synchronized (this) {
            read += count;
            return Arrays.copyOfRange(written.toByteArray(), read - count, read);
        }
    }

    public synchronized boolean hasUnread() {
        return written.size() > read;
    }

    public synchronized byte[] written() {
        return written.toByteArray();
    }

    public synchronized int writes() {
        return writes;
    }

    public synchronized int requests() {
        return requests;
    }

    public synchronized boolean hasDemand() {
        return demand;
    }

    public void awaitRequests(int count) {
        Await.monitor(this, "request " + count, () -> requests >= count);
    }

    public void awaitOutputShut() {
        Await.monitor(this, "shutdownOutput", () -> outputShut);
    }

    public void awaitInputShut() {
        Await.monitor(this, "shutdownInput", () -> inputShut);
    }

    public void awaitReset() {
        Await.monitor(this, "reset", () -> reset);
    }

    public synchronized boolean outputShut() {
        return outputShut;
    }

    public synchronized boolean inputShut() {
        return inputShut;
    }

    public synchronized boolean wasReset() {
        return reset;
    }

    /** Fails if the host broke the channel's contract. */
    public synchronized void checkContract() {
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }

    static VsockException refused(String why) {
        return new VsockException("connection refused: " + why);
    }
}
