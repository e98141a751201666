package vmette.actors;

import akka.actor.typed.ActorRef;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import vmette.config.ExecSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.Token;

/**
 * One command as its caller and its actor share it: its identity, the claims on its streams, and its two promises.
 * Thread-safe.
 */
public final class CommandTicket implements Ticket {
    /** Where a stream of a command stands. */
    public enum Claim {
        /** Nobody has asked for it yet. */
        OPEN,
        /** Somebody has asked for it and is about to materialise it. */
        WANTED,
        /** Somebody has, and it runs. */
        TAKEN,
        /** It has run to its end, however that was. */
        ENDED,
        /** Nobody came in time, or it was never wanted. */
        DROPPED
    }

    /**
     * A running command.
     *
     * @param pid in the guest
     * @param actor takes its signals
     */
    public record Running(int pid, ActorRef<Execution.Command> actor) {}

    private final long id;
    private final ExecSpec spec;
    private final boolean builtIn;
    private final Map<StreamId, Token> tokens = new EnumMap<>(StreamId.class);
    private final Map<StreamId, AtomicReference<Claim>> claims = new EnumMap<>(StreamId.class);
    private final CompletableFuture<Running> running = new CompletableFuture<>();
    private final CompletableFuture<AgentFrame.Exited> outcome = new CompletableFuture<>();
    private final AtomicBoolean terminated = new AtomicBoolean();

    private CommandTicket(long id, ExecSpec spec, boolean builtIn) {
        this.id = id;
        this.spec = spec;
        this.builtIn = builtIn;
        for (StreamId stream : StreamId.values()) {
            boolean wanted =
                    switch (stream) {
                        case STDIN -> spec.stdin();
                        case STDOUT -> spec.stdout();
                        case STDERR -> spec.stderr() && spec.terminal().isEmpty() && !spec.mergeOutputs();
                    };
            claims.put(stream, new AtomicReference<>(wanted ? Claim.OPEN : Claim.DROPPED));
            if (wanted) {
                tokens.put(stream, Token.random());
            }
        }
    }

    /**
     * A ticket for a command still to be run.
     *
     * @param id unique within the VM, over all its incarnations
     */
    public static CommandTicket create(long id, ExecSpec spec) {
        return new CommandTicket(id, spec, false);
    }

    /** A ticket for a built-in of the agent, named by the first argument; else as {@link #create}. */
    public static CommandTicket builtIn(long id, ExecSpec spec) {
        return new CommandTicket(id, spec, true);
    }

    @Override
    public long id() {
        return id;
    }

    /** What is to be run. */
    public ExecSpec spec() {
        return spec;
    }

    /** Whether the agent runs it itself. */
    public boolean isBuiltIn() {
        return builtIn;
    }

    @Override
    public String description() {
        return "the command " + spec.arguments();
    }

    /** Completes when the command runs; fails with a {@code VmetteException} if it cannot. */
    public CompletionStage<Running> running() {
        return running.minimalCompletionStage();
    }

    /** Completes when the command has ended and its taken outputs have too; fails if that can no longer be learnt. */
    @Override
    public CompletionStage<AgentFrame.Exited> outcome() {
        return outcome.minimalCompletionStage();
    }

    /**
     * Says that a stream is going to be taken: materialising it happens in some other thread, and the outcome must not overtake it.
     * Without effect on one that is taken or dropped already.
     */
    public void want(StreamId stream) {
        claims.get(stream).compareAndSet(Claim.OPEN, Claim.WANTED);
    }

    /** Takes a stream for one reader or writer; false if it is taken or dropped already. */
    public boolean take(StreamId stream) {
        return leave(stream, Claim.TAKEN);
    }

    private boolean leave(StreamId stream, Claim next) {
        AtomicReference<Claim> claim = claims.get(stream);
        return claim.compareAndSet(Claim.OPEN, next) || claim.compareAndSet(Claim.WANTED, next);
    }

    /** Where a stream stands. */
    public Claim claim(StreamId stream) {
        return claims.get(stream).get();
    }

    /** The first bytes of a stream's data connection. */
    public byte[] opening(StreamId stream) {
        return vmette.guest.protocol.Openings.data(id, stream, tokens.get(stream));
    }

    /** To be called when a taken stream has ended, however that was. */
    public void ended(StreamId stream) {
        claims.get(stream).set(Claim.ENDED);
        running().thenAccept(command -> command.actor().tell(new Execution.StreamEnded()));
    }

    /** Ends the command if it runs, or as soon as it does; one that the agent has not been told of yet is never started. Idempotent. */
    public void terminate() {
        if (terminated.compareAndSet(false, true)) {
            running().thenAccept(command -> command.actor().tell(new Execution.Terminate()));
        }
    }

    boolean isTerminated() {
        return terminated.get();
    }

    boolean drop(StreamId stream) {
        return leave(stream, Claim.DROPPED);
    }

    StreamSetup setup(StreamId stream) {
        Token token = tokens.get(stream);
        return token == null ? StreamSetup.none() : StreamSetup.connection(token);
    }

    void run(int pid, ActorRef<Execution.Command> actor) {
        running.complete(new Running(pid, actor));
    }

    void end(AgentFrame.Exited exited) {
        outcome.complete(exited);
    }

    /** Breaks what promises are still open: nobody runs the command, or learns what became of it. */
    @Override
    public void fail(Throwable failure) {
        running.completeExceptionally(failure);
        outcome.completeExceptionally(failure);
    }
}
