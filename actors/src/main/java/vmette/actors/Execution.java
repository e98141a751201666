package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vmette.actors.CommandTicket.Claim;
import vmette.config.ExecSettings;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.errors.CommandDetachedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmSavedException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.WindowSize;
import vmette.rootfs.ImageDefaults;

/**
 * One command in one incarnation. Its caller learns exactly one outcome: the agent's word, after the outputs that were taken have
 * ended, or the loss of the incarnation.
 */
public final class Execution extends AbstractBehavior<Execution.Command> {
    private static final Set<StreamId> OUTPUTS = EnumSet.of(StreamId.STDOUT, StreamId.STDERR);

    /** What an execution understands. */
    public sealed interface Command {}

    /**
     * Sends a signal.
     *
     * @param signal which
     * @param group to the whole process group, else to the command alone
     */
    public record Signal(GuestSignal signal, boolean group) implements Command {}

    /**
     * Ends the command: TERM to its process group, and KILL after the kill grace if it still runs; to the command alone if it may leave its group
     * running.
     */
    record Terminate() implements Command, DeadLetterSuppression {}

    /** Changes the size of the command's terminal. */
    public record Resize(ExecSpec.Terminal terminal) implements Command {}

    /** Suppressed among dead letters: a stream may well end after its execution has settled. */
    record StreamEnded() implements Command, DeadLetterSuppression {}

    record AgentSaid(AgentFrame frame) implements Command {}

    /** The VM is about to be saved: what would be sent to its agent now might be lost, and waits for {@link GoOn} or {@link Relinked}. */
    record Hold() implements Command, DeadLetterSuppression {}

    /** The VM was not saved after all, and is as it was. */
    record GoOn() implements Command, DeadLetterSuppression {}

    /** The VM is being saved: the command is a detached one from now on. What was begun to end it goes on. */
    record Unplugged() implements Command, DeadLetterSuppression {}

    /** The VM was saved and goes on: its agent is spoken to over another link. */
    record Relinked(AgentLink other) implements Command, DeadLetterSuppression {}

    private record ClaimTimeout() implements Command {}

    private record StartTimeout() implements Command {}

    private record KillGraceOver() implements Command {}

    /** How long the agent may take to start or refuse a command, which it does at once unless its guest is overloaded. */
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);

    private final CommandTicket ticket;
    private final HeldLink link;
    private final String vm;
    private final ExecSettings settings;
    private final TimerScheduler<Command> timers;
    private AgentFrame.Exited exited;
    private boolean started;
    private boolean terminating;
    private boolean terminateAfterwards;
    private boolean killed;
    private boolean settled;
    private boolean detached;
    private Optional<Throwable> crash = Optional.empty();

    private Execution(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            CommandTicket ticket,
            AgentLink link,
            String vm,
            ExecSettings settings) {
        super(context);
        this.timers = timers;
        this.ticket = ticket;
        this.link = new HeldLink(link);
        this.vm = vm;
        this.settings = settings;
        timers.startSingleTimer(new StartTimeout(), START_PATIENCE);
    }

    static Behavior<Command> create(CommandTicket ticket, AgentLink link, String vm, ExecSettings settings) {
        return Behaviors.withMdc(
                Command.class,
                VmMdc.of(vm),
                Behaviors.setup(context ->
                        Behaviors.withTimers(timers -> new Execution(context, timers, ticket, link, vm, settings))));
    }

    /**
     * What makes the agent run it; sent by the incarnation, so that commands start in the order they were asked for.
     *
     * @throws InvalidConfigException for what no frame can hold
     */
    static HostFrame.Exec frame(CommandTicket ticket, ImageDefaults image, ExecSettings settings) {
        return ticket.isBuiltIn()
                ? frame(ticket.id(), Set.of(ExecFlag.BUILTIN), ticket.spec(), ticket::setup, 0, settings)
                : frame(ticket.id(), Set.of(), ImageCommand.in(image, ticket.spec()), ticket::setup, 0, settings);
    }

    /**
     * The EXEC of a command.
     *
     * @param kind flags beside those that the specification asks for
     * @param replayBytes of each output's ring, 0 unless it is detached
     */
    static HostFrame.Exec frame(
            long id,
            Set<ExecFlag> kind,
            ExecSpec spec,
            Function<StreamId, StreamSetup> setup,
            int replayBytes,
            ExecSettings settings) {
        Set<ExecFlag> flags = EnumSet.noneOf(ExecFlag.class);
        flags.addAll(kind);
        if (spec.terminal().isPresent()) {
            flags.add(ExecFlag.PTY);
        }
        if (spec.leaveGroup()) {
            flags.add(ExecFlag.LEAVE_GROUP);
        }
        if (spec.mergeOutputs()) {
            flags.add(ExecFlag.MERGE);
        }
        if (spec.user().isPresent()) {
            flags.add(ExecFlag.USER);
        }
        spec.replay().ifPresent(replay -> {
            flags.add(ExecFlag.DETACHED);
            if (replay.whenFull() == ExecSpec.WhenFull.BLOCK) {
                flags.add(ExecFlag.BLOCK);
            }
        });
        return new HostFrame.Exec(
                id,
                flags,
                setup.apply(StreamId.STDIN),
                setup.apply(StreamId.STDOUT),
                setup.apply(StreamId.STDERR),
                spec.outputGrace().orElse(settings.outputGrace()),
                spec.killGrace().orElse(settings.killGrace()),
                replayBytes,
                spec.terminal().map(Execution::window).orElse(WindowSize.UNKNOWN),
                spec.directory().orElse(""),
                spec.arguments(),
                spec.env().entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.toList()),
                spec.user().orElse(""));
    }

    static WindowSize window(ExecSpec.Terminal terminal) {
        return new WindowSize(terminal.rows(), terminal.columns());
    }

    @Override
    public Receive<Command> createReceive() {
        return Guarded.failing(receive(), thrown -> crash = Optional.of(thrown));
    }

    private Receive<Command> receive() {
        return newReceiveBuilder()
                .onMessage(AgentSaid.class, said -> onFrame(said.frame()))
                .onMessage(StreamEnded.class, ended -> settleWhenDone())
                .onMessage(Hold.class, hold -> {
                    link.hold();
                    timers.cancel(new StartTimeout());
                    return this;
                })
                .onMessage(GoOn.class, on -> onGoOn())
                .onMessage(Unplugged.class, unplugged -> onUnplugged())
                .onMessage(Relinked.class, relinked -> {
                    link.goOn(relinked.other());
                    return stayWhileDue();
                })
                .onMessage(ClaimTimeout.class, timeout -> onClaimTimeout())
                .onMessage(StartTimeout.class, timeout -> onStartTimeout())
                .onMessage(Signal.class, signal -> send(signal.signal(), signal.group()))
                .onMessage(Terminate.class, terminate -> onTerminate())
                .onMessage(KillGraceOver.class, over -> onKillGraceOver())
                .onMessage(Resize.class, resize -> {
                    link.send(new HostFrame.Resize(ticket.id(), window(resize.terminal())));
                    return this;
                })
                .onSignal(PostStop.class, stop -> {
                    if (!settled && exited != null) {
                        // Its status is known; a taken output that was cut off has failed by itself.
                        ticket.end(exited);
                    } else if (crash.isPresent() && !settled) {
                        onCrash(crash.get());
                    } else if (!settled) {
                        ticket.fail(new VmLostException("VM " + vm + " ended while the command "
                                + ticket.spec().arguments() + " was running in it"));
                    }
                    return this;
                })
                .build();
    }

    /** Nobody would end the command any more, or hear of it. */
    private void onCrash(Throwable thrown) {
        link.sendNow(new HostFrame.Signal(ticket.id(), GuestSignal.KILL.number(), true));
        ticket.fail(new VmLostException(
                "the command " + ticket.spec().arguments() + " was ended in VM " + vm
                        + ": a part of vmette failed, which is a bug worth reporting: " + thrown,
                thrown));
    }

    private Behavior<Command> onFrame(AgentFrame frame) {
        if (detached) {
            boolean over = frame instanceof AgentFrame.Exited || frame instanceof AgentFrame.ExecFailed;
            return over ? Behaviors.stopped() : this;
        }
        if (frame instanceof AgentFrame.Started begun) {
            if (started) {
                return this;
            }
            started = true;
            timers.cancel(new StartTimeout());
            timers.startSingleTimer(
                    new ClaimTimeout(), ticket.spec().claimTimeout().orElse(settings.claimTimeout()));
            ticket.run(begun.pid(), getContext().getSelf());
        } else if (frame instanceof AgentFrame.Exited end) {
            if (!started) {
                settled = true;
                ticket.fail(new StartFailedException("the agent of VM " + vm + " reported the end of the command "
                        + ticket.spec().arguments() + " without its start: it broke the guest protocol"));
                return Behaviors.stopped();
            }
            if (exited == null) {
                exited = end;
            }
            return settleWhenDone();
        } else if (frame instanceof AgentFrame.ExecFailed failed) {
            settled = true;
            ticket.fail(NotRun.of("the command " + ticket.spec().arguments(), vm, failed));
            return Behaviors.stopped();
        }
        return this;
    }

    private Behavior<Command> send(GuestSignal signal, boolean group) {
        if (exited == null) {
            link.send(new HostFrame.Signal(ticket.id(), signal.number(), group));
        }
        return this;
    }

    /**
     * What its group does after the command's own end is the agent's business. During a save it waits: should the save detach the command, then all that it has streams to loses them, and what would end it for that
     * must not.
     */
    private Behavior<Command> onTerminate() {
        if (link.isHeld()) {
            terminateAfterwards = true;
        } else if (exited == null && !terminating) {
            terminating = true;
            timers.startSingleTimer(
                    new KillGraceOver(), ticket.spec().killGrace().orElse(settings.killGrace()));
            return send(GuestSignal.TERM, !ticket.spec().leaveGroup());
        }
        return this;
    }

    private Behavior<Command> onKillGraceOver() {
        killed = true;
        send(GuestSignal.KILL, !ticket.spec().leaveGroup());
        return stayWhileDue();
    }

    private Behavior<Command> onGoOn() {
        link.goOn();
        if (!started && !detached) {
            timers.startSingleTimer(new StartTimeout(), START_PATIENCE);
        }
        if (terminateAfterwards && !detached) {
            onTerminate();
        }
        return stayWhileDue();
    }

    private Behavior<Command> onUnplugged() {
        if (!settled) {
            settled = true;
            if (exited == null) {
                ticket.fail(ticket.isBuiltIn() ? interrupted() : detached());
            } else {
                // Its status is known; a taken output that was cut off has failed by itself.
                ticket.end(exited);
            }
        }
        if (exited != null || ticket.isBuiltIn()) {
            return Behaviors.stopped();
        }
        detached = true;
        timers.cancel(new StartTimeout());
        timers.cancel(new ClaimTimeout());
        terminateAfterwards = false;
        link.hold();
        return stayWhileDue();
    }

    /** After a save nobody waits for its outcome here: it stays as long as the agent is to be told something. */
    private Behavior<Command> stayWhileDue() {
        boolean due = link.hasWaiting() || (terminating && !killed);
        return detached && !due ? Behaviors.stopped() : this;
    }

    private VmSavedException interrupted() {
        return new VmSavedException(
                "VM " + vm + " was saved while " + ticket.description() + " was under way, which ends it: do it again");
    }

    private CommandDetachedException detached() {
        return new CommandDetachedException(
                ticket.id(),
                "VM " + vm + " was saved while the command " + ticket.spec().arguments() + " "
                        + (started
                                ? "was running in it, which goes on as the detached command " + ticket.id()
                                : "was being started; if it was, it is the detached command " + ticket.id())
                        + ": attach to it to learn what becomes of it");
    }

    /** If it runs after all, nobody will know of it: it is ended then, and its streams are not waited for. */
    private Behavior<Command> onStartTimeout() {
        settled = true;
        link.sendNow(new HostFrame.Signal(ticket.id(), GuestSignal.KILL.number(), true));
        Stream.of(StreamId.values()).forEach(this::discard);
        ticket.fail(new OperationTimeoutException("the agent of VM " + vm + " did not start the command "
                + ticket.spec().arguments() + " within " + START_PATIENCE.toSeconds()
                + " s: the guest hangs or is overloaded; stop the VM if that lasts"));
        return Behaviors.stopped();
    }

    private Behavior<Command> onClaimTimeout() {
        Stream.of(StreamId.values()).filter(ticket::drop).forEach(this::discard);
        return settleWhenDone();
    }

    private void discard(StreamId stream) {
        // Held back it would throw away what is kept of a command that the save has detached.
        link.sendNow(new HostFrame.Discard(ticket.id(), stream));
    }

    /** An output that nobody asked for does not delay the outcome; its claim runs on until its own timeout. */
    private Behavior<Command> settleWhenDone() {
        if (exited == null || anyOutput(Claim.WANTED) || anyOutput(Claim.TAKEN)) {
            return this;
        }
        if (!settled) {
            settled = true;
            ticket.end(exited);
        }
        boolean more = Stream.of(StreamId.values())
                .map(ticket::claim)
                .anyMatch(claim -> claim != Claim.ENDED && claim != Claim.DROPPED);
        return more ? this : Behaviors.stopped();
    }

    private boolean anyOutput(Claim claim) {
        return OUTPUTS.stream().anyMatch(output -> ticket.claim(output) == claim);
    }
}
