package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import vmette.config.GuestSignal;
import vmette.errors.CommandDetachedException;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.log.LogRing;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/**
 * A VM's service in one incarnation: its command, whose output goes to the log as fast as it comes. It is begun here, or goes on in a guest that was saved, and
 * is attached to then. Thread-safe.
 */
final class ServiceRun {
    /** Between two dials of an agent that did not answer the first. */
    private static final long REDIAL_MILLIS = 500;

    private final VmService service;
    private final VsockHost vsock;
    private final Duration connectTimeout;
    private final Duration killGrace;
    private final LogRing log;
    private final CompletableFuture<Optional<VmFailure.Cause>> end = new CompletableFuture<>();
    private Optional<Long> id = Optional.empty();
    private Optional<CommandTicket> own = Optional.empty();
    private Optional<ServiceReplay> replay = Optional.empty();
    private LastLine output;
    private boolean stopped;

    /**
     * @param connectTimeout for the data connection of its output
     * @param killGrace from TERM to KILL
     * @param log gets what it writes
     */
    ServiceRun(VmService service, VsockHost vsock, Duration connectTimeout, Duration killGrace, LogRing log) {
        this.service = service;
        this.vsock = vsock;
        this.connectTimeout = connectTimeout;
        this.killGrace = killGrace;
        this.log = log;
        this.output = new LastLine(new byte[0], () -> {}, log::append);
    }

    /** By what the agent knows it, if it was begun or adopted. */
    synchronized Optional<Long> id() {
        return id;
    }

    /**
     * Begins it.
     *
     * @param number of its command, unique within the VM
     * @param run has the incarnation run a command
     */
    void begin(long number, Consumer<CommandTicket> run) {
        CommandTicket ticket =
                CommandTicket.create(number, service.run().toExec().mergingOutputs());
        ticket.take(StreamId.STDOUT);
        LastLine line = new LastLine(ticket.opening(StreamId.STDOUT), () -> ticket.ended(StreamId.STDOUT), log::append);
        boolean unwanted;
        synchronized (this) {
            id = Optional.of(number);
            own = Optional.of(ticket);
            output = line;
            unwanted = stopped;
        }
        ticket.outcome().whenComplete((exited, failure) -> {
            Throwable reason = failure == null ? null : Reasons.unwrapped(failure);
            if (failure == null) {
                end.complete(service.failure(exited, line.text()));
            } else if (!(reason instanceof CommandDetachedException)) {
                end.complete(Optional.of(service.notStarted(reason)));
            }
        });
        ticket.running().thenAccept(running -> dial(ticket.outcome(), line));
        if (unwanted) {
            ticket.terminate();
        }
        run.accept(ticket);
    }

    /** It goes on in the guest: what it writes is read on from where it was received to. After each save once. */
    void adopt(DetachedTicket ticket) {
        ServiceReplay reading;
        boolean first;
        boolean unwanted;
        synchronized (this) {
            first = replay.isEmpty();
            unwanted = stopped;
            id = Optional.of(ticket.id());
            if (first) {
                replay = Optional.of(new ServiceReplay(ticket, output, this::dial, log, own.isEmpty()));
            }
            reading = replay.get();
        }
        reading.attach();
        if (first) {
            ticket.outcome()
                    .thenCombine(reading.whole(), (exited, all) -> service.failure(exited, text()))
                    .whenComplete((cause, failure) -> {
                        ticket.release();
                        end.complete(
                                failure == null ? cause : Optional.of(service.notStarted(Reasons.unwrapped(failure))));
                    });
        }
        if (unwanted) {
            terminate(ticket);
        }
    }

    private synchronized String text() {
        return output.text();
    }

    /** The guest has it no more, and nobody learns how it ended. */
    void lost(Throwable why) {
        end.complete(Optional.of(
                service.notStarted(new VmLostException("it ended while its VM was saved, and how is not known", why))));
    }

    /**
     * Completes, never exceptionally, when it has ended and all of its output was taken: with why that is a failure of the incarnation, or empty. It
     * completes with the incarnation as well, of whose end it is no reason then.
     */
    CompletionStage<Optional<VmFailure.Cause>> end() {
        return end.minimalCompletionStage();
    }

    /** TERM to its process group, and KILL after its kill grace. */
    void stop() {
        Optional<DetachedTicket> detached;
        Optional<CommandTicket> command;
        synchronized (this) {
            stopped = true;
            detached = replay.map(ServiceReplay::ticket);
            command = own;
        }
        if (detached.isPresent()) {
            terminate(detached.get());
        } else {
            command.ifPresent(CommandTicket::terminate);
        }
    }

    private void terminate(DetachedTicket ticket) {
        ticket.signal(GuestSignal.TERM.number(), true);
        CompletableFuture.delayedExecutor(killGrace.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    if (!ticket.outcome().toCompletableFuture().isDone()) {
                        ticket.signal(GuestSignal.KILL.number(), true);
                    }
                });
    }

    /** Without its connection the service would be held back by a full pipe: a guest that is too busy to answer is dialled again. */
    private void dial(CompletionStage<?> over, VsockChannelHandler handler) {
        Runnable again = () -> later(() -> {
            if (!over.toCompletableFuture().isDone()) {
                dial(over, handler);
            }
        });
        try {
            vsock.connect(GuestProtocol.PORT, connectTimeout, new Attempt(handler, again));
        } catch (RuntimeException e) {
            again.run();
        }
    }

    static void later(Runnable action) {
        CompletableFuture.delayedExecutor(REDIAL_MILLIS, TimeUnit.MILLISECONDS).execute(action);
    }

    /** One attempt at a connection. */
    private static final class Attempt implements VsockChannelHandler {
        private final VsockChannelHandler handler;
        private final Runnable again;
        private boolean opened;

        Attempt(VsockChannelHandler handler, Runnable again) {
            this.handler = handler;
            this.again = again;
        }

        @Override
        public void onOpen(VsockChannel channel) {
            opened = true;
            handler.onOpen(channel);
        }

        @Override
        public void onData(byte[] chunk) {
            handler.onData(chunk);
        }

        @Override
        public void onWritable() {
            handler.onWritable();
        }

        @Override
        public void onEnd() {
            handler.onEnd();
        }

        @Override
        public void onOutputRefused() {
            handler.onOutputRefused();
        }

        @Override
        public void onClosed() {
            handler.onClosed();
        }

        @Override
        public void onReset(VsockException cause) {
            if (opened) {
                handler.onReset(cause);
            } else {
                again.run();
            }
        }
    }
}
