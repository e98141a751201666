package vmette.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.function.Consumer;
import vmette.errors.StartFailedException;
import vmette.linux.LinuxException;
import vmette.linux.Terminal;
import vmette.linux.TerminalInput;
import vmette.process.TerminalGuard;

/**
 * This process's own terminal in the guest's hands: from {@link #enter} on every key is the guest's, until {@link #close}, which happens at the
 * latest when the JVM ends; if it is killed its guard puts the terminal back. Thread-safe.
 */
final class RawTerminal implements AutoCloseable {
    private static final int STDIN = 0;
    private static final int STDOUT = 1;

    private final Terminal terminal = Terminal.of(STDIN);
    private final TerminalInput input = new TerminalInput(STDIN);
    private final Consumer<String> notices;
    private final PrintStream err = System.err;
    private final Thread hook = new Thread(() -> leave(false), "vmette-terminal");
    private TerminalGuard guard;
    private boolean entered;
    private boolean left;

    /**
     * @param notices told what the user should know
     * @throws LinuxException if standard input is no terminal
     */
    RawTerminal(Consumer<String> notices) {
        this.notices = notices;
    }

    /** Whether standard input is a terminal. */
    static boolean isThere() {
        return Terminal.isTerminal(STDIN);
    }

    /** Whether standard output is a terminal. */
    static boolean isOutput() {
        return Terminal.isTerminal(STDOUT);
    }

    /** Whether standard input and output are both terminals. */
    static boolean isThereBothWays() {
        return isThere() && Terminal.isTerminal(STDOUT);
    }

    Terminal.Size size() {
        return terminal.size();
    }

    /** Keys, once entered; ends when left. */
    InputStream input() {
        return input;
    }

    /**
     * Without effect once left.
     *
     * @throws LinuxException if the terminal is gone
     */
    synchronized void enter() {
        if (entered || left) {
            return;
        }
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            left = true;
            return;
        }
        try {
            guard = TerminalGuard.start(STDIN, terminal.savedSettings(), terminal.rawSettings());
        } catch (StartFailedException e) {
            notices.accept("if vmette is killed by SIGKILL, type `stty sane`: " + e.getMessage());
        }
        entered = true;
        terminal.raw();
        System.setErr(new PrintStream(new CarriageReturns(err), true, Charset.defaultCharset()));
    }

    /**
     * Puts the terminal back, and the keys are its own again. Idempotent.
     *
     * @param orderly what was shown is all there is; else what comes next begins on a line of its own
     */
    synchronized void leave(boolean orderly) {
        if (left) {
            return;
        }
        left = true;
        input.end();
        if (entered) {
            try {
                terminal.restore();
            } catch (LinuxException gone) {
                // A terminal that was hung up needs nothing any more.
            }
            System.setErr(err);
            if (!orderly) {
                err.println();
            }
        }
        if (guard != null) {
            guard.close();
        }
    }

    /** Puts the terminal back, if that has not been done. */
    @Override
    public void close() {
        leave(false);
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // It has nothing left to do.
        }
    }

    /** A raw terminal goes down a line at a line feed, and no more. */
    private static final class CarriageReturns extends FilterOutputStream {
        CarriageReturns(PrintStream terminal) {
            super(terminal);
        }

        @Override
        public void write(int value) throws IOException {
            if (value == '\n') {
                out.write('\r');
            }
            out.write(value);
        }
    }
}
