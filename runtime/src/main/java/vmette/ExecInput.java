package vmette;

import akka.util.ByteString;
import java.util.Objects;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;

/** What goes into {@link VmHandle#execFlow}. */
public sealed interface ExecInput {
    /** Bytes for the command's standard input, or as if typed at its terminal. */
    record Stdin(ByteString bytes) implements ExecInput {
        /** Checks what is given. */
        public Stdin {
            Objects.requireNonNull(bytes, "bytes");
        }
    }

    /** End of file on standard input, after all bytes before it; at a terminal the end-of-file character. */
    record CloseStdin() implements ExecInput {}

    /**
     * A signal; without effect once the command has ended.
     *
     * @param signal which
     * @param group to the whole process group, as a terminal's Ctrl-C does it, else to the command itself
     */
    record Signal(GuestSignal signal, boolean group) implements ExecInput {
        /** Checks what is given. */
        public Signal {
            Objects.requireNonNull(signal, "signal");
        }
    }

    /**
     * Another size of the command's terminal, in characters; without effect on a command that has none.
     *
     * @param rows 0 (unknown) to 65535
     * @param columns 0 (unknown) to 65535
     */
    record Resize(int rows, int columns) implements ExecInput {
        /** Checks what is given. */
        public Resize {
            new ExecSpec.Terminal(rows, columns);
        }
    }

    /** Bytes for standard input. */
    static ExecInput stdin(ByteString bytes) {
        return new Stdin(bytes);
    }

    /** Text for standard input, as UTF-8. */
    static ExecInput stdin(String text) {
        return new Stdin(ByteString.fromString(text));
    }

    /** End of file. */
    static ExecInput closeStdin() {
        return new CloseStdin();
    }

    /**
     * A signal for the command itself.
     *
     * @param name such as TERM, SIGTERM, RTMIN+3 or 15
     * @throws vmette.errors.InvalidConfigException if there is no such signal
     */
    static ExecInput signal(String name) {
        return new Signal(GuestSignal.of(name), false);
    }

    /**
     * A signal for the command's process group.
     *
     * @param name such as INT, SIGINT, RTMIN+3 or 2
     * @throws vmette.errors.InvalidConfigException if there is no such signal
     */
    static ExecInput signalGroup(String name) {
        return new Signal(GuestSignal.of(name), true);
    }

    /**
     * Another size of the terminal.
     *
     * @throws vmette.errors.InvalidConfigException if one is not within 0 to 65535
     */
    static ExecInput resize(int rows, int columns) {
        return new Resize(rows, columns);
    }
}
