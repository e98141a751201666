package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import vmette.errors.Reasons;
import vmette.errors.VsockException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.log.LogRing;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** A VM's service in one incarnation: its command, whose output goes to the log as fast as it comes. Thread-safe. */
final class ServiceRun {
    /** Between two dials of an agent that did not answer the first. */
    private static final long REDIAL_MILLIS = 500;

    private final CommandTicket ticket;
    private final VsockHost vsock;
    private final Duration connectTimeout;
    private final LastLine output;
    private final CompletionStage<Optional<VmFailure.Cause>> end;

    private ServiceRun(VmService service, long id, VsockHost vsock, Duration connectTimeout, LogRing log) {
        this.ticket = CommandTicket.create(id, service.run().toExec().mergingOutputs());
        this.vsock = vsock;
        this.connectTimeout = connectTimeout;
        ticket.take(StreamId.STDOUT);
        this.output = new LastLine(ticket.opening(StreamId.STDOUT), () -> ticket.ended(StreamId.STDOUT), log::append);
        this.end = ticket.outcome()
                .handle((exited, failure) -> failure == null
                        ? service.failure(exited, output.text())
                        : Optional.of(service.notStarted(Reasons.unwrapped(failure))));
    }

    /**
     * Begins it.
     *
     * @param id of its command, unique within the VM
     * @param run has the incarnation run a command
     * @param connectTimeout for the data connection of its output
     * @param log gets what it writes
     */
    static ServiceRun begin(
            VmService service,
            long id,
            Consumer<CommandTicket> run,
            VsockHost vsock,
            Duration connectTimeout,
            LogRing log) {
        ServiceRun begun = new ServiceRun(service, id, vsock, connectTimeout, log);
        begun.ticket.running().thenAccept(running -> begun.dial());
        run.accept(begun.ticket);
        return begun;
    }

    /**
     * Completes, never exceptionally, when it has ended and all of its output was taken: with why that is a failure of the incarnation, or empty. It
     * completes with the incarnation as well, of whose end it is no reason then.
     */
    CompletionStage<Optional<VmFailure.Cause>> end() {
        return end;
    }

    /** TERM to its process group, and KILL after its kill grace. */
    void stop() {
        ticket.terminate();
    }

    /** Without its connection the service would be held back by a full pipe: a guest that is too busy to answer is dialled again. */
    private void dial() {
        try {
            vsock.connect(GuestProtocol.PORT, connectTimeout, new Output());
        } catch (RuntimeException e) {
            dialLater();
        }
    }

    private void dialLater() {
        CompletableFuture.delayedExecutor(REDIAL_MILLIS, TimeUnit.MILLISECONDS).execute(() -> {
            if (!ticket.outcome().toCompletableFuture().isDone()) {
                dial();
            }
        });
    }

    /** One attempt at the connection of its output. */
    private final class Output implements VsockChannelHandler {
        private boolean opened;

        @Override
        public void onOpen(VsockChannel channel) {
            opened = true;
            output.onOpen(channel);
        }

        @Override
        public void onData(byte[] chunk) {
            output.onData(chunk);
        }

        @Override
        public void onWritable() {
            output.onWritable();
        }

        @Override
        public void onEnd() {
            output.onEnd();
        }

        @Override
        public void onOutputRefused() {
            output.onOutputRefused();
        }

        @Override
        public void onClosed() {
            output.onClosed();
        }

        @Override
        public void onReset(VsockException cause) {
            if (opened) {
                output.onReset(cause);
            } else {
                dialLater();
            }
        }
    }
}
