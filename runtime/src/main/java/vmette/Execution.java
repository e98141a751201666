package vmette;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import vmette.actors.CommandTicket;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.errors.InvalidConfigException;
import vmette.errors.VsockException;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.stream.Vsock;

/**
 * One command in a VM. Thread-safe.
 *
 * <p>Each stream may be materialised once, within the claim timeout; meanwhile the command is held back by its pipe,
 * nothing is lost. An output that nobody asks for is drained and dropped afterwards, and does not delay the status. Asking for it by {@link #stdout}
 * or {@link #stderr} says that it will be materialised: then the status waits for its end.
 */
public final class Execution {
    private final CommandTicket ticket;
    private final Vsock vsock;
    private final CompletionStage<ActorSystem<?>> system;
    // Each message follows the one before it: the dependents of one stage would run in no set order.
    private CompletionStage<CommandTicket.Running> told;

    Execution(CommandTicket ticket, Vsock vsock, CompletionStage<ActorSystem<?>> system) {
        this.ticket = ticket;
        this.system = system;
        this.vsock = vsock;
        this.told = ticket.running();
    }

    /** Whether the command has such a stream at all. */
    boolean has(StreamId stream) {
        return ticket.claim(stream) != CommandTicket.Claim.DROPPED;
    }

    /** Completes with the command's process id in the guest when it runs; fails with a {@code VmetteException} if it cannot. */
    public CompletionStage<Integer> started() {
        return ticket.running().thenApply(CommandTicket.Running::pid);
    }

    /**
     * Completes when the command has ended and every output that was asked for has been read to its end, or dropped; fails with a {@code VmetteException}
     * if the command could not be started or its VM was lost. Exactly one of these.
     */
    public CompletionStage<ExitStatus> status() {
        return ticket.outcome().thenApply(ExitStatus::of);
    }

    /** What the command writes to its standard output, or to its terminal. Cancelling closes the pipe: the command sees EPIPE. */
    public Source<ByteString, NotUsed> stdout() {
        return output(StreamId.STDOUT);
    }

    /** What the command writes to its standard error; empty with a terminal. */
    public Source<ByteString, NotUsed> stderr() {
        return output(StreamId.STDERR);
    }

    /**
     * The command's standard input. Completing it is end of file. When the command closes its end, or ends, the sink cancels.
     * The materialised value completes when the connection is over.
     */
    public Sink<ByteString, CompletionStage<Done>> stdin() {
        return Sink.<ByteString, CompletionStage<Done>>fromMaterializer((materializer, attributes) -> {
                    if (!ticket.take(StreamId.STDIN)) {
                        return Sink.<ByteString>cancelled().mapMaterializedValue(none -> refused(StreamId.STDIN));
                    }
                    // The opening goes first, also because a sink that is still to come is made at its first element:
                    // an input
                    // without any must reach the guest as end of file.
                    return Flow.<ByteString>create()
                            .prepend(Source.single(ByteString.fromArrayUnsafe(ticket.opening(StreamId.STDIN))))
                            .toMat(
                                    Sink.completionStageSink(ticket.running().thenApply(command -> input())),
                                    Keep.right())
                            .mapMaterializedValue(late -> late.thenCompose(done -> done));
                })
                .mapMaterializedValue(late -> late.thenCompose(done -> done));
    }

    private Sink<ByteString, CompletionStage<Done>> input() {
        return Flow.<ByteString>create()
                .via(vsock.connect(GuestProtocol.PORT))
                .toMat(Sink.ignore(), Keep.right())
                .mapMaterializedValue(done -> done.whenComplete((ok, failure) -> ticket.ended(StreamId.STDIN)));
    }

    private Source<ByteString, NotUsed> output(StreamId stream) {
        ticket.want(stream);
        AtomicBoolean taken = new AtomicBoolean();
        AtomicBoolean begun = new AtomicBoolean();
        return Source.<ByteString, NotUsed>fromMaterializer((materializer, attributes) -> {
                    if (!ticket.take(stream)) {
                        return Source.completionStage(Execution.<ByteString>refusedOf(stream, ticket));
                    }
                    taken.set(true);
                    return Source.completionStageSource(ticket.running().thenApply(command -> connection(stream)))
                            .watchTermination((none, done) -> {
                                begun.set(true);
                                done.whenComplete((ok, failure) -> ticket.ended(stream));
                                return NotUsed.getInstance();
                            });
                })
                .mapMaterializedValue(late -> {
                    // A materializer that is shut down just now takes the stream and runs none.
                    late.whenComplete((none, failure) -> {
                        if (failure != null && taken.get() && !begun.get()) {
                            ticket.ended(stream);
                        }
                    });
                    return NotUsed.getInstance();
                });
    }

    private Source<ByteString, NotUsed> connection(StreamId stream) {
        return Source.single(ByteString.fromArrayUnsafe(ticket.opening(stream))).via(vsock.connect(GuestProtocol.PORT));
    }

    private <T> CompletionStage<T> refused(StreamId stream) {
        return refusedOf(stream, ticket);
    }

    private static <T> CompletionStage<T> refusedOf(StreamId stream, CommandTicket ticket) {
        String name = stream.name().toLowerCase(java.util.Locale.ROOT);
        String why =
                switch (ticket.claim(stream)) {
                    case DROPPED ->
                        "it was not wanted, or nobody materialised it within vmette.exec.claim-timeout: what it held is dropped";
                    case OPEN, WANTED, TAKEN, ENDED -> "it has been materialised already, which can be done once";
                };
        return java.util.concurrent.CompletableFuture.failedStage(
                new VsockException(name + " of " + ticket.spec().arguments() + " cannot be had: " + why));
    }

    /**
     * Sends a signal to the command itself; without effect once it has ended. Signals and sizes asked for before the command runs reach it, in their
     * order, when it does.
     */
    public void signal(GuestSignal signal) {
        tell(new vmette.actors.Execution.Signal(signal, false));
    }

    /**
     * As {@link #signal(GuestSignal)}.
     *
     * @param name such as TERM, SIGTERM, RTMIN+3 or 15
     * @throws InvalidConfigException if there is no such signal
     */
    public void signal(String name) {
        signal(GuestSignal.of(name));
    }

    /**
     * As {@link #signal(GuestSignal)}.
     *
     * @param number 1 to 64
     * @throws InvalidConfigException for another number
     */
    public void signal(int number) {
        signal(new GuestSignal(number));
    }

    /** Sends a signal to the command's process group, as a terminal's Ctrl-C does; without effect once it has ended. */
    public void signalGroup(GuestSignal signal) {
        tell(new vmette.actors.Execution.Signal(signal, true));
    }

    /**
     * As {@link #signalGroup(GuestSignal)}.
     *
     * @param name such as INT, SIGINT, RTMIN+3 or 2
     * @throws InvalidConfigException if there is no such signal
     */
    public void signalGroup(String name) {
        signalGroup(GuestSignal.of(name));
    }

    /**
     * As {@link #signalGroup(GuestSignal)}.
     *
     * @param number 1 to 64
     * @throws InvalidConfigException for another number
     */
    public void signalGroup(int number) {
        signalGroup(new GuestSignal(number));
    }

    /**
     * Ends the command: TERM to its process group, and KILL after the kill grace if it still runs; to the command alone if it may leave its group
     * running ({@link ExecSpec#leavingGroup()}). One that has not been started yet never is. {@link #status()} tells the end. Idempotent.
     */
    public void terminate() {
        ticket.terminate();
    }

    /**
     * Has the command live no longer than an actor: when that ends, or if it has, the command is ended as {@link #terminate} does it. May be called
     * for several.
     *
     * @param client whose command it is
     * @return this
     */
    public Execution cancelWith(ActorRef<?> client) {
        Objects.requireNonNull(client, "client");
        system.whenComplete((up, failure) -> {
            if (failure == null) {
                ClientWatch.begin(up, client, ticket.outcome(), this::terminate);
            } else {
                terminate();
            }
        });
        return this;
    }

    /**
     * As {@link #cancelWith(ActorRef)} for a client that is no actor, the end of a stream for instance ({@code watchTermination} gives it one).
     *
     * @param end of the client, however it is completed
     * @return this
     */
    public Execution cancelWith(CompletionStage<?> end) {
        end.whenComplete((done, failure) -> terminate());
        return this;
    }

    /** Changes the size of the command's terminal, in characters, 0 to 65535 each; without effect on one that has none. */
    public void resize(int rows, int columns) {
        tell(new vmette.actors.Execution.Resize(new ExecSpec.Terminal(rows, columns)));
    }

    private synchronized void tell(vmette.actors.Execution.Command message) {
        told = told.thenApply(command -> {
            command.actor().tell(message);
            return command;
        });
    }
}
