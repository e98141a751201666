package vmette.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import vmette.linux.LinuxException;
import vmette.linux.Terminal;
import vmette.rootfs.RootfsProgress;
import vmette.vmm.GuestText;

/**
 * Transfers on a terminal: a bar for each that is under way, drawn over at most ten times a second, below the lines that are said and one for each
 * that is complete. While nothing is under way nothing of it is on the screen, nor after a signal has ended us. Thread-safe.
 */
final class TransferBars implements RootfsProgress {
    private static final long REDRAW_MILLIS = 100;
    private static final int STDERR = 2;

    /** ECMA-48: CUU with a number between, EL and ED to the end. */
    private static final String ESCAPE = "\u001b[";

    private static final String LINE_END = ESCAPE + "K";
    private static final String SCREEN_END = ESCAPE + "J";

    private final PrintStream out;
    private final Consumer<String> lines;
    private final Supplier<Terminal.Size> window;
    private final LongSupplier clock;
    private final boolean ticking;
    private final Thread hook = new Thread(this::end, "vmette-bars");
    private final List<Bar> bars = new ArrayList<>();
    private int drawn;
    private boolean watched;
    private boolean ended;

    /**
     * @param out the terminal
     * @param lines takes what is to stay on it, a line at a time
     * @param window its size, where it is known
     * @param clock nanoseconds
     * @param ticking whether it draws by itself, on a thread that is there while something is under way; else by {@link #tick}
     */
    TransferBars(
            PrintStream out,
            Consumer<String> lines,
            Supplier<Terminal.Size> window,
            LongSupplier clock,
            boolean ticking) {
        this.out = out;
        this.lines = lines;
        this.window = window;
        this.clock = clock;
        this.ticking = ticking;
    }

    /** On standard error, which is a terminal. */
    static TransferBars onTerminal(Consumer<String> lines) {
        return new TransferBars(System.err, lines, TransferBars::size, System::nanoTime, true);
    }

    /** Whether standard error is a terminal whose cursor can be moved. */
    static boolean canBeDrawn() {
        String kind = System.getenv("TERM");
        return kind != null && !kind.isEmpty() && !kind.equals("dumb") && ProgressBar.isTerminal();
    }

    private static Terminal.Size size() {
        try {
            return Terminal.of(STDERR).size();
        } catch (LinuxException gone) {
            return new Terminal.Size(0, 0);
        }
    }

    @Override
    public synchronized void say(String line) {
        erase();
        lines.accept(GuestText.printable(line));
        draw();
    }

    @Override
    public synchronized Transfer transfer(String what, long totalBytes) {
        Bar bar = new Bar(what, totalBytes, clock.getAsLong());
        bars.add(bar);
        if (!watched && !ended) {
            watched = true;
            watchForTheEnd();
            if (ticking) {
                Thread ticker = new Thread(this::draws, "vmette-bars-ticker");
                ticker.setDaemon(true);
                ticker.start();
            }
        }
        return bar;
    }

    /** Until nothing is under way. */
    private void draws() {
        try {
            do {
                Thread.sleep(REDRAW_MILLIS);
            } while (tick());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watchForTheEnd() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException ending) {
            ended = true;
        }
    }

    /** Whatever comes now is not drawn any more. */
    private synchronized void end() {
        erase();
        ended = true;
    }

    private synchronized void add(Bar bar, long bytes) {
        bar.done += bytes;
    }

    private synchronized void close(Bar bar) {
        if (bar.closedAt >= 0 || !bars.contains(bar)) {
            return;
        }
        bar.closedAt = Math.max(0, clock.getAsLong() - bar.begun);
        if (bars.stream().anyMatch(other -> other.closedAt < 0)) {
            return;
        }
        erase();
        tellComplete();
    }

    /** Draws how things are; whether it is to be called again. */
    synchronized boolean tick() {
        if (bars.stream().anyMatch(bar -> bar.closedAt >= 0)) {
            erase();
            tellComplete();
        }
        draw();
        if (!bars.isEmpty() && !ended) {
            return true;
        }
        watched = false;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // There is nothing for it to erase.
        }
        return false;
    }

    private void tellComplete() {
        for (Iterator<Bar> each = bars.iterator(); each.hasNext(); ) {
            Bar bar = each.next();
            if (bar.closedAt >= 0) {
                each.remove();
                if (bar.isComplete() && !ended) {
                    lines.accept(GuestText.printable(bar.summary()));
                }
            }
        }
    }

    private void draw() {
        if (ended || bars.isEmpty()) {
            return;
        }
        long now = clock.getAsLong();
        Terminal.Size size = window.get();
        // Not to the last column, and with room for the ^C that a terminal shows: what wraps cannot be erased.
        int width = (size.columns() == 0 ? 80 : size.columns()) - 3;
        // As many as leave a line for what was typed.
        int most = Math.max(1, (size.rows() == 0 ? 24 : size.rows()) - 1);
        StringBuilder text = new StringBuilder(toTop());
        int count = Math.min(most, bars.size());
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : "\n").append(bars.get(i).line(now, width)).append(LINE_END);
        }
        out.print(text.append(SCREEN_END));
        out.flush();
        drawn = count;
    }

    private String toTop() {
        return drawn > 1 ? "\r" + ESCAPE + (drawn - 1) + "A" : "\r";
    }

    private void erase() {
        if (drawn > 0 && !ended) {
            out.print(toTop() + SCREEN_END);
            out.flush();
        }
        drawn = 0;
    }

    /** One transfer; its state is the bars' to guard. */
    private final class Bar implements Transfer {
        private final String what;
        private final long total;
        private final long begun;
        private long done;
        /** After how long, in nanoseconds; negative: it goes on. */
        private long closedAt = -1;

        Bar(String what, long total, long begun) {
            this.what = what;
            this.total = total;
            this.begun = begun;
        }

        @Override
        public void add(long bytes) {
            TransferBars.this.add(this, bytes);
        }

        @Override
        public void close() {
            TransferBars.this.close(this);
        }

        boolean isComplete() {
            return done > 0 && done >= total;
        }

        String line(long now, int width) {
            return Meter.transfer(what, done, total, closedAt < 0 ? now - begun : closedAt, width);
        }

        String summary() {
            return String.format(
                    Locale.ROOT, "%s, %s in %.1f s", what, Meter.size(total > 0 ? total : done), closedAt / 1e9);
        }
    }
}
