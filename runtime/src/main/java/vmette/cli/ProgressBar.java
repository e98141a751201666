package vmette.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import vmette.copy.CopyProgress;

/** A copy on the terminal: one line that is drawn over at most ten times a second. Elsewhere it is silent but for what is left out. */
final class ProgressBar implements CopyProgress, AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int WIDTH = 79;
    private static final int BAR = 24;
    private static final int MOST_LEFT_OUT = 10;

    private final PrintStream out;
    private final boolean drawn;
    private final Consumer<String> notices;
    private final String name;
    private final LongSupplier clock;
    private final long begun;
    // A prompt after Ctrl-C begins on a line of its own.
    private final Thread lineEnd;
    private long total;
    private long done;
    private long entries;
    private long leftOut;
    private long lastDraw;

    /**
     * @param notices told what is left out
     * @param drawn whether there is a terminal to draw on
     * @param clock nanoseconds
     */
    ProgressBar(PrintStream out, Consumer<String> notices, boolean drawn, String name, LongSupplier clock) {
        this.out = out;
        this.notices = notices;
        this.drawn = drawn;
        this.name = name;
        this.clock = clock;
        this.begun = clock.getAsLong();
        this.lastDraw = begun;
        this.lineEnd = new Thread(out::println, "vmette-line-end");
        if (drawn) {
            Runtime.getRuntime().addShutdownHook(lineEnd);
        }
    }

    /** On standard error, if that is a terminal. */
    static ProgressBar onTerminal(String name, boolean hidden, Consumer<String> notices) {
        return new ProgressBar(System.err, notices, !hidden && isTerminal(), name, System::nanoTime);
    }

    /** Whether standard error is one. */
    static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (java.io.IOException e) {
            return false;
        }
    }

    /** Known at last; 0: not to be known. */
    void total(long bytes) {
        total = bytes;
    }

    @Override
    public void entry() {
        entries++;
        draw(false);
    }

    @Override
    public void bytes(long count) {
        done += count;
        draw(false);
    }

    @Override
    public void leftOut(String entry, String why) {
        leftOut++;
        if (leftOut <= MOST_LEFT_OUT) {
            clear();
            notices.accept("left out " + vmette.vmm.GuestText.printable(entry) + ": " + why);
        }
    }

    /** How many things were not copied. */
    long leftOut() {
        return leftOut;
    }

    private void draw(boolean now) {
        long time = clock.getAsLong();
        if (drawn && (now || time - lastDraw >= REDRAW_NANOS)) {
            lastDraw = time;
            out.print("\r" + pad(line(name, done, total, entries, time - begun)));
            out.flush();
        }
    }

    private void clear() {
        if (drawn) {
            out.print("\r" + " ".repeat(WIDTH) + "\r");
        }
    }

    private static String pad(String line) {
        return line.length() >= WIDTH ? line.substring(0, WIDTH) : line + " ".repeat(WIDTH - line.length());
    }

    /** Pure. */
    static String line(String name, long done, long total, long entries, long nanos) {
        StringBuilder line = new StringBuilder(String.format("%-20.20s ", name));
        if (total > 0) {
            line.append(Meter.gauge(done, total, BAR))
                    .append(String.format(Locale.ROOT, " %3d %% ", Meter.share(done, total, 100)));
        }
        line.append(Meter.size(done));
        if (entries > 1) {
            line.append(", ").append(entries).append(" files");
        }
        if (nanos >= REDRAW_NANOS) {
            line.append(", ").append(Meter.size((long) (done / (nanos / 1e9)))).append("/s");
        }
        return line.toString();
    }

    /** Leaves the last state standing. */
    @Override
    public void close() {
        if (leftOut > MOST_LEFT_OUT) {
            clear();
            notices.accept("left out " + (leftOut - MOST_LEFT_OUT) + " more");
        }
        if (drawn) {
            draw(true);
            try {
                Runtime.getRuntime().removeShutdownHook(lineEnd);
                out.println();
            } catch (IllegalStateException ending) {
                // Then it runs.
            }
        }
    }
}
