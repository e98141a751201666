package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import vmette.errors.VsockException;
import vmette.vmm.GuestText;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/** Reads an output to its end and keeps the beginning of its last line that is not empty. The guest decides how much there is, not how much is kept. */
final class LastLine implements VsockChannelHandler {
    static final int MOST_BYTES = 256;

    private static final int CHUNK = 64 * 1024;

    private final byte[] opening;
    private final Runnable ended;
    private final Consumer<byte[]> copy;
    private final AtomicLong received = new AtomicLong();
    private final AtomicBoolean over = new AtomicBoolean();
    private final byte[] line = new byte[MOST_BYTES];
    private int length;
    private boolean complete;
    private boolean cut;
    private boolean stopped;
    private VsockChannel channel;

    /** @param ended called once, when nothing more comes */
    LastLine(byte[] opening, Runnable ended) {
        this(opening, ended, chunk -> {});
    }

    /**
     * One that passes on what it reads.
     *
     * @param copy gets every chunk, on the loop's thread
     */
    LastLine(byte[] opening, Runnable ended, Consumer<byte[]> copy) {
        this.opening = opening;
        this.ended = ended;
        this.copy = copy;
    }

    private void end() {
        if (over.compareAndSet(false, true)) {
            ended.run();
        }
    }

    /** As far as it has come, fit to be shown. */
    synchronized String text() {
        return GuestText.printable(new String(line, 0, length, UTF_8), cut);
    }

    /** Nobody waits for the end any more. */
    void stop() {
        VsockChannel open;
        synchronized (this) {
            stopped = true;
            open = channel;
        }
        if (open != null) {
            open.reset();
        }
        end();
    }

    @Override
    public void onOpen(VsockChannel open) {
        boolean late;
        synchronized (this) {
            channel = open;
            late = stopped;
        }
        if (late) {
            open.reset();
            return;
        }
        open.write(opening, 0, opening.length);
        open.shutdownOutput();
        open.request(CHUNK);
    }

    @Override
    public void onData(byte[] chunk) {
        take(chunk);
        channel.request(CHUNK);
    }

    /** The next bytes, however they have come. */
    void take(byte[] chunk) {
        keep(chunk);
        received.addAndGet(chunk.length);
        copy.accept(chunk);
    }

    /** How many bytes have come. */
    long received() {
        return received.get();
    }

    private synchronized void keep(byte[] chunk) {
        int from = lastLine(chunk);
        if (from > 0) {
            complete = false;
            cut = false;
            length = 0;
        }
        for (int i = from; i < chunk.length; i++) {
            byte each = chunk[i];
            if (isLineEnd(each)) {
                complete = length > 0;
            } else {
                if (complete) {
                    complete = false;
                    cut = false;
                    length = 0;
                }
                if (length < MOST_BYTES) {
                    line[length++] = each;
                } else {
                    cut = true;
                }
            }
        }
    }

    /** Where its last line that is not empty begins, if that is within: what comes before need not be looked at. */
    private static int lastLine(byte[] chunk) {
        int last = chunk.length - 1;
        while (last >= 0 && isLineEnd(chunk[last])) {
            last--;
        }
        int first = last;
        while (first >= 0 && !isLineEnd(chunk[first])) {
            first--;
        }
        return first + 1;
    }

    private static boolean isLineEnd(byte each) {
        return each == '\n' || each == '\r';
    }

    @Override
    public void onEnd() {
        end();
    }

    @Override
    public void onWritable() {
        // Only the opening is ever written.
    }

    @Override
    public void onOutputRefused() {
        // The outcome tells the rest.
    }

    @Override
    public void onClosed() {
        end();
    }

    @Override
    public void onReset(VsockException cause) {
        end();
    }
}
