package vmette.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import akka.util.ByteString;
import java.util.ArrayList;
import java.util.List;

/** The bytes of one log, the latest of which are kept. Costs no memory until something is written. Thread-safe; nothing here blocks for long. */
public final class LogRing {
    /** What a log has room for while it is followed, even if less is to be kept: what a reader may lag behind. */
    static final int FOLLOWED = 64 * 1024;

    private static final int FIRST = 4 * 1024;
    private static final int LOOK = 64 * 1024;
    private static final byte[] NOTHING = {};

    /** What there is to read at a position. */
    sealed interface Piece {}

    /** Bytes, at least one. */
    record Bytes(ByteString bytes) implements Piece {}

    /** From the position asked for up to this one everything is forgotten. */
    record Gap(long to) implements Piece {}

    /** Nothing yet. */
    record Nothing() implements Piece {}

    /** Nothing, for ever. */
    record End() implements Piece {}

    private final int keep;
    private final LogBudget budget;
    // None before something is to be kept.
    private LogBudget.Lease lease;
    private byte[] ring = NOTHING;
    private long end;
    private int held;
    private int followers;
    private boolean inLine;
    private boolean over;
    private List<Runnable> waiting = new ArrayList<>();

    /** @param keep how many bytes at most, 0 or more */
    public LogRing(int keep) {
        this(keep, LogBudget.unlimited());
    }

    /**
     * One of many.
     *
     * @param keep how many bytes at most, 0 or more
     * @param budget of all of them
     */
    public LogRing(int keep, LogBudget budget) {
        this.budget = budget;
        if (keep < 0) {
            throw new IllegalArgumentException("a log of " + keep + " bytes");
        }
        this.keep = keep;
    }

    /** What readers see of it. */
    public VmLog log() {
        return new VmLog(this);
    }

    /** Writes. Without effect after the end. */
    public void append(byte[] bytes) {
        makeRoom(bytes.length);
        wake(write(bytes));
    }

    /** Writes a line of the host's own, on a line of its own. */
    public void mark(String line) {
        List<Runnable> woken;
        makeRoom(line.length() + 2);
        synchronized (this) {
            woken = write(((inLine ? "\n" : "") + line + "\n").getBytes(UTF_8));
        }
        wake(woken);
    }

    /** Nothing more comes; what is kept can be read as before. */
    public void end() {
        List<Runnable> woken;
        synchronized (this) {
            over = true;
            woken = takeWaiting();
        }
        wake(woken);
    }

    private static void wake(List<Runnable> readers) {
        readers.forEach(Runnable::run);
    }

    /** Without room it is written all the same, over what is there. */
    private void makeRoom(int bytes) {
        if (!hasGrown(bytes)) {
            budget.relieve();
            hasGrown(bytes);
        }
    }

    private synchronized boolean hasGrown(int bytes) {
        int wanted = followers > 0 ? Math.max(keep, FOLLOWED) : keep;
        if (over || bytes == 0 || wanted == 0) {
            return true;
        }
        if (lease == null) {
            lease = budget.lease(this);
        }
        int capacity = (int) Math.min(wanted, budget.share());
        int needed = (int) Math.min(capacity, (long) held + bytes);
        if (needed <= ring.length) {
            shrink(capacity);
            return true;
        }
        int size = (int) Math.min(capacity, Math.max(FIRST, Math.max(needed, 2L * ring.length)));
        if (!lease.resize(size)) {
            return false;
        }
        resize(size);
        return true;
    }

    /** Forgets what is beyond this. */
    synchronized void shrink(long most) {
        if (ring.length > most) {
            resize((int) most);
            lease.resize(most);
        }
    }

    private synchronized List<Runnable> write(byte[] bytes) {
        if (over || bytes.length == 0) {
            return List.of();
        }
        int length = Math.min(bytes.length, ring.length);
        put(bytes, bytes.length - length, end + bytes.length - length, length);
        end += bytes.length;
        held = Math.min(ring.length, held + length);
        inLine = bytes[bytes.length - 1] != '\n';
        return takeWaiting();
    }

    private void put(byte[] bytes, int from, long position, int length) {
        if (length > 0) {
            int at = (int) (position % ring.length);
            int first = Math.min(length, ring.length - at);
            System.arraycopy(bytes, from, ring, at, first);
            System.arraycopy(bytes, from + first, ring, 0, length - first);
        }
    }

    private byte[] get(long position, int length) {
        byte[] bytes = new byte[length];
        if (length > 0) {
            int at = (int) (position % ring.length);
            int first = Math.min(length, ring.length - at);
            System.arraycopy(ring, at, bytes, 0, first);
            System.arraycopy(ring, 0, bytes, first, length - first);
        }
        return bytes;
    }

    private void resize(int size) {
        int length = Math.min(held, size);
        byte[] latest = get(end - length, length);
        ring = size == 0 ? NOTHING : new byte[size];
        held = length;
        put(latest, 0, end - length, length);
    }

    private List<Runnable> takeWaiting() {
        if (waiting.isEmpty()) {
            return List.of();
        }
        List<Runnable> taken = waiting;
        waiting = new ArrayList<>();
        return taken;
    }

    /** A reader that stays: to be told with {@link #left}. */
    synchronized void joined() {
        followers++;
    }

    synchronized void left() {
        followers--;
        if (followers == 0) {
            shrink(keep);
        }
    }

    /** How much was ever written. */
    synchronized long position() {
        return end;
    }

    private long start() {
        return end - Math.min(held, keep);
    }

    /**
     * Where the last lines before a position begin, of what is kept. A line that has not ended yet is one.
     *
     * @param lines 0 or more
     */
    long startOfLast(int lines, long before) {
        long to = before;
        int left = lines;
        while (left > 0) {
            synchronized (this) {
                // The line feed in last place ends the last line and begins none.
                long upper = Math.min(to, before - 1);
                if (upper <= start()) {
                    return Math.min(start(), before);
                }
                long lower = Math.max(start(), upper - LOOK);
                byte[] look = get(lower, (int) (upper - lower));
                for (int i = look.length - 1; i >= 0; i--) {
                    if (look[i] == '\n' && --left == 0) {
                        return lower + i + 1;
                    }
                }
                to = lower;
            }
        }
        return before;
    }

    /**
     * What there is at a position.
     *
     * @param until where this reader's log ends, at least the position
     * @param most bytes, at least 1
     */
    synchronized Piece read(long position, long until, int most) {
        if (position >= until) {
            return new End();
        }
        if (position < end - held) {
            return new Gap(Math.min(end - held, until));
        }
        long there = Math.min(end, until) - position;
        if (there > 0) {
            return new Bytes(ByteString.fromArrayUnsafe(get(position, (int) Math.min(there, most))));
        }
        return over ? new End() : new Nothing();
    }

    /** Runs this once, at once or as soon as there is something at this position, or the end. It must not block and not throw. */
    void await(long position, Runnable reader) {
        synchronized (this) {
            if (!over && position >= end) {
                waiting.add(reader);
                return;
            }
        }
        reader.run();
    }

    /** It need not be told any more. */
    synchronized void forget(Runnable reader) {
        waiting.remove(reader);
    }

    /** What it takes of the host's memory. */
    synchronized int size() {
        return ring.length;
    }
}
