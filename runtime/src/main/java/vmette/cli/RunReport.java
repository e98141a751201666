package vmette.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import vmette.ExitStatus;
import vmette.errors.InvalidConfigException;
import vmette.errors.ProgramNotRunException;
import vmette.linux.BorrowedOutput;

/**
 * How a run ended, for programs: on a descriptor of theirs, and with {@code --json} in the last line of standard error. A run that a signal to us
 * ends has no such line.
 */
final class RunReport implements AutoCloseable {
    private final Optional<OutputStream> descriptor;
    private final boolean json;
    private final PrintStream err = System.err;

    private RunReport(Optional<OutputStream> descriptor, boolean json) {
        this.descriptor = descriptor;
        this.json = json;
        if (json) {
            System.setErr(new Lines(err));
        }
    }

    /** @throws InvalidConfigException if there is no such descriptor to write to */
    static RunReport to(Optional<Integer> descriptor, boolean json) {
        try {
            return new RunReport(
                    descriptor.isEmpty() ? Optional.empty() : Optional.of(BorrowedOutput.of(descriptor.get())), json);
        } catch (IOException e) {
            throw new InvalidConfigException(
                    "--status-fd: " + e.getMessage() + "; open one, as in: vmette run --status-fd 3 ... 3>status", e);
        }
    }

    void exited(ExitStatus status) {
        if (descriptor.isPresent() || json) {
            String line = Report.exited(status);
            tell(line);
            if (json) {
                freshLine();
                System.err.println(line);
            }
        }
    }

    /** For the descriptor; standard error is told by {@link Failures} and {@link UsageErrors}. */
    void failed(RuntimeException failure, CommandSpec command) {
        if (descriptor.isPresent() && !Shutdown.begun()) {
            tell(Failures.report(failure, command));
        }
    }

    /** There is no such program in the guest, or it cannot be executed. */
    void notRun(String message, ProgramNotRunException failure) {
        String line = Report.failed(message, Optional.of(failure.status()), failure.exitCode());
        tell(line);
        if (json) {
            freshLine();
            System.err.println(line);
        }
    }

    private void tell(String line) {
        descriptor.ifPresent(out -> {
            try {
                out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                System.err.println("vmette: --status-fd: " + e.getMessage());
            }
        });
    }

    /** Ends what the guest has begun on standard error, so that a line of ours is one. */
    static void freshLine() {
        if (System.err instanceof Lines lines && lines.isWithin()) {
            System.err.println();
        }
    }

    @Override
    public void close() {
        // Left as it is where a failure is still to be told.
        System.err.flush();
    }

    /** Knows whether a line has been begun. */
    private static final class Lines extends PrintStream {
        private final Last last;

        Lines(PrintStream err) {
            this(new Last(err));
        }

        private Lines(Last last) {
            super(last, true);
            this.last = last;
        }

        boolean isWithin() {
            flush();
            return last.within;
        }

        @Override
        public boolean checkError() {
            return super.checkError() || last.err.checkError();
        }
    }

    private static final class Last extends FilterOutputStream {
        private final PrintStream err;
        private volatile boolean within;

        Last(PrintStream err) {
            super(err);
            this.err = err;
        }

        @Override
        public void write(int value) {
            err.write(value);
            within = value != '\n';
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            err.write(bytes, offset, length);
            if (length > 0) {
                within = bytes[offset + length - 1] != '\n';
            }
        }
    }
}
