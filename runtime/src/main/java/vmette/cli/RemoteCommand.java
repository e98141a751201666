package vmette.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand.Exit;
import vmette.control.ExecCall;
import vmette.control.ExecCall.Streams;

/** A command in a VM of another process, with this process's streams, or its terminal, and its signals. */
final class RemoteCommand {
    private static final String TERM = "TERM";

    private final Function<ExecSpec, ExecCall> call;
    private final Consumer<String> progress;

    /**
     * @param call asks for the command
     * @param progress takes notices
     */
    RemoteCommand(Function<ExecSpec, ExecCall> call, Consumer<String> progress) {
        this.call = call;
        this.progress = progress;
    }

    /** Runs it to its end. */
    Exit run(ExecSpec command, boolean onTerminal) {
        return onTerminal ? onTerminal(command) : plain(command);
    }

    private Exit plain(ExecSpec command) {
        try (ExecCall begun = call.apply(command)) {
            return begun.run(
                    new Streams(
                            System.in,
                            new FileOutputStream(FileDescriptor.out),
                            new FileOutputStream(FileDescriptor.err)),
                    () -> passSignalsOn(begun));
        }
    }

    /** Those that the JVM leaves to programs. Until the command runs they end this process, and the call with it. */
    private static void passSignalsOn(ExecCall begun) {
        HostSignals.onEach("INT", () -> begun.signal(GuestSignal.INT, true));
        for (String name : List.of("TERM", "HUP", "USR1")) {
            HostSignals.onEach(name, () -> begun.signal(GuestSignal.of(name), false));
        }
    }

    private Exit onTerminal(ExecSpec command) {
        try (RawTerminal terminal = new RawTerminal(progress)) {
            ExecSpec withTerminal =
                    command.withTerminal(terminal.size().rows(), terminal.size().columns());
            String term = System.getenv(TERM);
            if (term != null && !command.env().containsKey(TERM)) {
                withTerminal = withTerminal.withEnv(TERM, term);
            }
            try (ExecCall begun = call.apply(withTerminal)) {
                Streams streams = new Streams(
                        terminal.input(),
                        new FileOutputStream(FileDescriptor.out),
                        new FileOutputStream(FileDescriptor.err));
                Exit exit = begun.run(streams, () -> {
                    terminal.enter();
                    resize(begun, terminal);
                    HostSignals.onEach("WINCH", () -> resize(begun, terminal));
                });
                terminal.leave(true);
                return exit;
            }
        }
    }

    private static void resize(ExecCall begun, RawTerminal terminal) {
        try {
            begun.resize(terminal.size().rows(), terminal.size().columns());
        } catch (vmette.linux.LinuxException gone) {
            // Its hangup ends us by itself.
        }
    }
}
