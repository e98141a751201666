package vmette.actors;

import akka.actor.typed.ActorRef;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import vmette.config.ExecSettings;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.Token;
import vmette.rootfs.ImageDefaults;

/** One detached command as its clients and its actor share it: its identity, its promises and its attachments. Thread-safe. */
public final class DetachedTicket implements Ticket {
    /**
     * A running command.
     *
     * @param pid in the guest
     * @param actor takes what is asked of it
     */
    record Running(int pid, ActorRef<Detached.Command> actor) {}

    private final long id;
    private final Optional<ExecSpec> spec;
    private final CompletableFuture<Running> running = new CompletableFuture<>();
    private final CompletableFuture<AgentFrame.Exited> outcome = new CompletableFuture<>();
    private final Map<Token, Attachment> attachments = new ConcurrentHashMap<>();
    private volatile Optional<RuntimeException> over = Optional.empty();

    private DetachedTicket(long id, Optional<ExecSpec> spec) {
        this.id = id;
        this.spec = spec;
    }

    /**
     * A ticket for a command still to be run.
     *
     * @param id unique within the VM, over all its incarnations
     */
    public static DetachedTicket create(long id, ExecSpec spec) {
        return new DetachedTicket(id, Optional.of(spec));
    }

    /** A ticket for one that the agent knows and this runtime did not start. */
    static DetachedTicket adopted(long id) {
        return new DetachedTicket(id, Optional.empty());
    }

    @Override
    public long id() {
        return id;
    }

    /** What is to be run; empty for an adopted one. */
    Optional<ExecSpec> spec() {
        return spec;
    }

    @Override
    public String description() {
        return spec.map(known -> "the command " + known.arguments()).orElse("the detached command " + id);
    }

    private CompletionStage<Running> running() {
        return running.minimalCompletionStage();
    }

    /** Completes with the process id when the command runs; fails with a {@code VmetteException} if it cannot. */
    public CompletionStage<Integer> started() {
        return running().thenApply(Running::pid);
    }

    /** Completes when the command has ended, whatever became of its outputs; fails if that can no longer be learnt. */
    @Override
    public CompletionStage<AgentFrame.Exited> outcome() {
        return outcome.minimalCompletionStage();
    }

    /**
     * What makes the agent run it.
     *
     * @throws InvalidConfigException for what no frame can hold
     */
    HostFrame.Exec frame(ImageDefaults image, ExecSettings settings) {
        ExecSpec wanted = ImageCommand.in(image, spec.orElseThrow());
        int bytes = wanted.replay().flatMap(ExecSpec.Replay::bytes).orElse(settings.replayBuffer());
        return Execution.frame(id, Set.of(), wanted, stream -> setup(wanted, stream), bytes, settings);
    }

    private static StreamSetup setup(ExecSpec spec, StreamId stream) {
        boolean kept =
                switch (stream) {
                    case STDIN -> false;
                    case STDOUT -> spec.stdout();
                    case STDERR -> spec.stderr() && spec.terminal().isEmpty() && !spec.mergeOutputs();
                };
        return kept ? StreamSetup.replay() : StreamSetup.none();
    }

    /** An output in words, for messages. */
    String output(StreamId stream) {
        return stream.name().toLowerCase(Locale.ROOT) + " of " + description();
    }

    /**
     * Attaches to an output once the command runs.
     *
     * @param from the offset of the first byte wanted, not negative
     */
    public Attachment attach(StreamId stream, long from) {
        Attachment attachment = new Attachment(id, stream, from);
        attachments.put(attachment.token(), attachment);
        running().whenComplete((command, failure) -> {
            if (failure != null) {
                attachment.fail(failure instanceof CompletionException ? failure.getCause() : failure);
            } else {
                command.actor().tell(new Detached.Attach(attachment));
            }
        });
        over.ifPresent(attachment::fail);
        return attachment;
    }

    Optional<Attachment> attachment(Token token) {
        return Optional.ofNullable(attachments.get(token));
    }

    /** To be called when its stream has ended, however that was. */
    public void left(Attachment attachment) {
        attachments.remove(attachment.token());
    }

    /**
     * Sends a signal; without effect once the command has ended.
     *
     * @throws InvalidConfigException for what is no signal
     */
    public void signal(int number, boolean group) {
        send(new HostFrame.Signal(id, number, group));
    }

    /** Changes the size of the command's terminal. */
    public void resize(ExecSpec.Terminal terminal) {
        send(new HostFrame.Resize(id, Execution.window(terminal)));
    }

    private void send(HostFrame frame) {
        running().thenAccept(command -> command.actor().tell(new Detached.Send(frame)));
    }

    /** Says that nobody is going to ask for it any more. Idempotent. */
    public void release() {
        running().thenAccept(command -> command.actor().tell(new Detached.Release()));
    }

    void run(int pid, ActorRef<Detached.Command> actor) {
        running.complete(new Running(pid, actor));
    }

    /** Whether it runs no more, or never did. */
    boolean hasEnded() {
        return outcome.isDone();
    }

    void end(AgentFrame.Exited exited) {
        outcome.complete(exited);
    }

    /** False: it is about no attachment that there is. */
    boolean said(AgentFrame.Attached news) {
        Optional<Attachment> about =
                attachment(news.token()).filter(attachment -> attachment.stream() == news.stream());
        about.ifPresent(attachment -> attachment.said(news, output(news.stream())));
        return about.isPresent();
    }

    /** Nothing can be attached to any more, and what is fails. */
    void close(RuntimeException why) {
        over = Optional.of(why);
        List.copyOf(attachments.values()).forEach(attachment -> attachment.fail(why));
    }

    @Override
    public void fail(Throwable failure) {
        running.completeExceptionally(failure);
        outcome.completeExceptionally(failure);
        close(failure instanceof RuntimeException known ? known : new IllegalStateException(failure));
    }
}
