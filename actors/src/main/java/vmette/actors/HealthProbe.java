package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.HealthCheck;
import vmette.errors.Reasons;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.vsock.VsockHost;

/** One health check under way. Thread-safe. */
interface HealthProbe {
    /** Completes, never exceptionally, when it is over: empty if the VM is healthy, else with one line that says why not. */
    CompletionStage<Optional<String>> result();

    /** Ends it; the result follows as soon as that has come about. */
    void cancel();

    /**
     * Begins a check.
     *
     * @param id of its command or connection, unique within the VM
     * @param run has the incarnation run a command
     * @param connect has it make a connection
     */
    static HealthProbe begin(
            HealthCheck check,
            long id,
            Consumer<CommandTicket> run,
            Consumer<ForwardTicket> connect,
            VsockHost vsock,
            Duration connectTimeout) {
        return check.exec()
                .map(commandLine -> exec(commandLine, id, run, vsock, connectTimeout))
                .orElseGet(() -> port(check.port().orElseThrow(), id, connect));
    }

    /** Runs a command and reads what it says. */
    private static HealthProbe exec(
            String commandLine, long id, Consumer<CommandTicket> run, VsockHost vsock, Duration connectTimeout) {
        CommandTicket ticket = CommandTicket.create(
                id, ExecSpec.shell(commandLine).withoutStdin().mergingOutputs());
        ticket.take(StreamId.STDOUT);
        LastLine output = new LastLine(ticket.opening(StreamId.STDOUT), () -> ticket.ended(StreamId.STDOUT));
        ticket.running().thenAccept(running -> vsock.connect(GuestProtocol.PORT, connectTimeout, output));
        run.accept(ticket);
        CompletionStage<Optional<String>> result = ticket.outcome()
                .handle((exited, failure) -> failure == null ? told(exited, output.text()) : Optional.of(why(failure)));
        return new HealthProbe() {
            @Override
            public CompletionStage<Optional<String>> result() {
                return result;
            }

            @Override
            public void cancel() {
                ticket.running()
                        .thenAccept(running -> running.actor().tell(new Execution.Signal(GuestSignal.KILL, true)));
                output.stop();
            }
        };
    }

    private static Optional<String> told(AgentFrame.Exited exited, String lastLine) {
        boolean healthy = exited.kind() == AgentFrame.ExitKind.EXITED && exited.value() == 0;
        if (healthy) {
            return Optional.empty();
        }
        String end = exited.kind() == AgentFrame.ExitKind.EXITED
                ? "exit status " + exited.value()
                : "signal " + new GuestSignal(exited.value());
        return Optional.of(lastLine.isEmpty() ? end : end + ", " + lastLine);
    }

    /** Makes a TCP connection and lets it go. */
    private static HealthProbe port(int port, long id, Consumer<ForwardTicket> connect) {
        ForwardTicket ticket = ForwardTicket.create(id, port);
        CompletionStage<Optional<String>> result = ticket.connected().handle((stands, failure) -> {
            ticket.ended(false);
            return failure == null ? Optional.<String>empty() : Optional.of(why(failure));
        });
        connect.accept(ticket);
        return new HealthProbe() {
            @Override
            public CompletionStage<Optional<String>> result() {
                return result;
            }

            @Override
            public void cancel() {
                ticket.ended(false);
            }
        };
    }

    private static String why(Throwable failure) {
        Throwable cause = Reasons.unwrapped(failure);
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }
}
