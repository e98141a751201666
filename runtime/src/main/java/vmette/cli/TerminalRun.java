package vmette.cli;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.StreamConverters;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.Execution;
import vmette.ExitStatus;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.linux.LinuxException;
import vmette.linux.Terminal;

/**
 * A command that has this process's own terminal. Until it runs the terminal is as it was, so that Ctrl-C ends a boot; then every key is the
 * guest's, until the command's output has ended or the run has failed.
 */
public final class TerminalRun {
    private static final int CHUNK = 4096;

    private TerminalRun() {}

    /**
     * Runs it to its end.
     *
     * @param notices told what the user should know
     * @throws java.util.concurrent.CompletionException with what went wrong
     */
    public static ExitStatus of(Vmette vmette, VmSpec spec, ExecSpec program, Consumer<String> notices) {
        try (RawTerminal terminal = new RawTerminal(notices)) {
            CompletableFuture<Void> entered = new CompletableFuture<>();
            Source<ByteString, ?> typed = Source.completionStageSource(
                    entered.thenApply(done -> StreamConverters.fromInputStream(terminal::input, CHUNK)));
            Sink<ByteString, ? extends CompletionStage<?>> screen =
                    RunStreams.ofProcess().stdout();
            RunStreams streams = new RunStreams(
                    typed,
                    screen.mapMaterializedValue(
                            shown -> shown.whenComplete((done, failure) -> terminal.leave(failure == null))),
                    Sink.ignore());
            ExecSpec command = onTerminal(program, spec, terminal.size());
            Consumer<Execution> begun = execution -> follow(execution, terminal, entered, notices);
            CompletionStage<ExitStatus> status = spec.name().isPresent()
                    ? vmette.run(spec, command, streams, begun, vmette::publish)
                    : vmette.run(spec, command, streams, begun);
            return status.toCompletableFuture().join();
        }
    }

    private static ExecSpec onTerminal(ExecSpec program, VmSpec spec, Terminal.Size size) {
        ExecSpec command = program.withTerminal(size.rows(), size.columns());
        String term = System.getenv("TERM");
        return term == null || spec.env().containsKey("TERM") ? command : command.withEnv("TERM", term);
    }

    private static void follow(
            Execution execution, RawTerminal terminal, CompletableFuture<Void> entered, Consumer<String> notices) {
        if (!HostSignals.onEach("WINCH", () -> resize(execution, terminal))) {
            notices.accept(
                    "this Java has no module jdk.unsupported: the guest does not learn when the window's size changes");
        }
        execution.started().whenComplete((pid, failure) -> {
            if (failure != null) {
                entered.completeExceptionally(failure);
                return;
            }
            try {
                terminal.enter();
                entered.complete(null);
                resize(execution, terminal);
            } catch (LinuxException gone) {
                entered.completeExceptionally(gone);
                execution.terminate();
            }
        });
    }

    private static void resize(Execution execution, RawTerminal terminal) {
        try {
            Terminal.Size size = terminal.size();
            execution.resize(size.rows(), size.columns());
        } catch (LinuxException gone) {
            // Its hangup ends us by itself.
        }
    }
}
