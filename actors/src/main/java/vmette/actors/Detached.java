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
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmSavedException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.Token;

/**
 * One detached command in one incarnation, until it is released and has ended. Its outcome is the agent's word, which waits for no
 * output; attachments come and go.
 */
final class Detached extends AbstractBehavior<Detached.Command> {
    /** What it understands; suppressed among dead letters, since a client may well come after the end. */
    sealed interface Command extends DeadLetterSuppression {}

    /** Asks the agent for an attachment. */
    record Attach(Attachment attachment) implements Command {}

    /** A signal or a terminal's size. */
    record Send(HostFrame frame) implements Command {}

    /** Nobody will ask for it any more. */
    record Release() implements Command {}

    record AgentSaid(AgentFrame frame) implements Command {}

    /** The VM is being saved: what would be sent to its agent now might be lost, and waits for {@link GoOn} or {@link Relinked}. */
    record Hold() implements Command {}

    /** The VM was not saved after all, and is as it was. */
    record GoOn() implements Command {}

    /** The VM was saved and goes on: its agent is spoken to over another link, and no attachment has outlived the former one. */
    record Relinked(AgentLink other) implements Command {}

    /** What its agent has been sent. */
    record Ordered(HostFrame.Exec order) implements Command {}

    private record StartTimeout() implements Command {}

    private record AnswerTimeout(Token attachment) implements Command {}

    /** How long the agent may take for what it does at once unless its guest is overloaded. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int SIGKILL = 9;

    private final DetachedTicket ticket;
    private final Set<Token> asked = new HashSet<>();
    private final HeldLink link;
    private final String vm;
    private final TimerScheduler<Command> timers;
    private Optional<HostFrame.Exec> order = Optional.empty();
    private boolean started;
    private boolean ended;
    private boolean released;

    private Detached(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            DetachedTicket ticket,
            AgentLink link,
            String vm) {
        super(context);
        this.timers = timers;
        this.ticket = ticket;
        this.link = new HeldLink(link);
        this.vm = vm;
        timers.startSingleTimer(new StartTimeout(), PATIENCE);
    }

    static Behavior<Command> create(DetachedTicket ticket, AgentLink link, String vm) {
        return Behaviors.withMdc(
                Command.class,
                VmMdc.of(vm),
                Behaviors.setup(
                        context -> Behaviors.withTimers(timers -> new Detached(context, timers, ticket, link, vm))));
    }

    @Override
    public Receive<Command> createReceive() {
        return Guarded.failing(newReceiveBuilder()
                .onMessage(AgentSaid.class, said -> onFrame(said.frame()))
                .onMessage(Ordered.class, ordered -> {
                    order = Optional.of(ordered.order());
                    return this;
                })
                .onMessage(Attach.class, attach -> onAttach(attach.attachment()))
                .onMessage(AnswerTimeout.class, late -> onAnswerTimeout(late.attachment()))
                .onMessage(StartTimeout.class, timeout -> onStartTimeout())
                .onMessage(Release.class, release -> onRelease())
                .onMessage(Hold.class, hold -> {
                    link.hold();
                    timers.cancel(new StartTimeout());
                    return this;
                })
                .onMessage(GoOn.class, on -> {
                    link.goOn();
                    return onGoOn();
                })
                .onMessage(Relinked.class, relinked -> onRelinked(relinked.other()))
                .onMessage(Send.class, send -> {
                    link.send(send.frame());
                    return this;
                })
                .onSignal(PostStop.class, stop -> onPostStop())
                .build());
    }

    private Behavior<Command> onFrame(AgentFrame frame) {
        if (frame instanceof AgentFrame.Started begun && !started) {
            started = true;
            order = Optional.empty();
            timers.cancel(new StartTimeout());
            ticket.run(begun.pid(), getContext().getSelf());
        } else if (frame instanceof AgentFrame.Exited exited) {
            return onExited(exited);
        } else if (frame instanceof AgentFrame.ExecFailed failed && !ended) {
            // One that a save overtook is announced before it is known whether it can be run.
            ticket.fail(NotRun.of(ticket.description(), vm, failed));
            return Behaviors.stopped();
        } else if (frame instanceof AgentFrame.Attached news) {
            if (ticket.said(news)) {
                timers.cancel(new AnswerTimeout(news.token()));
            }
        }
        return this;
    }

    private Behavior<Command> onExited(AgentFrame.Exited exited) {
        if (!started) {
            ticket.fail(new StartFailedException("the agent of VM " + vm + " reported the end of "
                    + ticket.description() + " without its start: it broke the guest protocol"));
            return Behaviors.stopped();
        }
        ended = true;
        ticket.end(exited);
        return released && !link.isHeld() ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onAttach(Attachment attachment) {
        if (released) {
            attachment.fail(AttachmentFailures.released(ticket.output(attachment.stream())));
            return this;
        }
        link.sendNow(new HostFrame.Attach(ticket.id(), attachment.stream(), attachment.token(), attachment.from()));
        timers.startSingleTimer(new AnswerTimeout(attachment.token()), PATIENCE);
        // Of those that are over nothing need be remembered.
        asked.removeIf(token -> ticket.attachment(token).isEmpty());
        asked.add(attachment.token());
        return this;
    }

    /** What was on its way to the former link or from it is lost; what clients still ask for goes to the new one. */
    private Behavior<Command> onRelinked(AgentLink other) {
        // An agent that had got it would have announced it by now.
        order.ifPresent(other::send);
        link.goOn(other);
        for (Token token : asked) {
            timers.cancel(new AnswerTimeout(token));
            ticket.attachment(token)
                    .ifPresent(attachment -> attachment.fail(new VmSavedException("the attachment to "
                            + ticket.output(attachment.stream())
                            + " has ended, since VM " + vm
                            + " was saved: attach again from the first byte that was not received")));
        }
        asked.clear();
        return onGoOn();
    }

    private Behavior<Command> onGoOn() {
        if (!started) {
            timers.startSingleTimer(new StartTimeout(), PATIENCE);
        }
        if (released) {
            // Perhaps once more: it has no effect then.
            link.send(new HostFrame.Release(ticket.id()));
        }
        return released && ended ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onAnswerTimeout(Token token) {
        ticket.attachment(token)
                .ifPresent(attachment -> attachment.fail(new OperationTimeoutException("the agent of VM " + vm
                        + " did not answer within " + PATIENCE.toSeconds() + " s whether "
                        + ticket.output(attachment.stream())
                        + " can be attached to: the guest hangs or is overloaded; stop the VM if that lasts")));
        return this;
    }

    /** If it runs after all, nobody will know of it: it is ended then, and nothing of it is kept. */
    private Behavior<Command> onStartTimeout() {
        link.sendNow(new HostFrame.Signal(ticket.id(), SIGKILL, true));
        link.sendNow(new HostFrame.Release(ticket.id()));
        ticket.fail(new OperationTimeoutException("the agent of VM " + vm + " did not start " + ticket.description()
                + " within " + PATIENCE.toSeconds()
                + " s: the guest hangs or is overloaded; stop the VM if that lasts"));
        return Behaviors.stopped();
    }

    private Behavior<Command> onRelease() {
        if (!released) {
            released = true;
            if (!link.isHeld()) {
                link.send(new HostFrame.Release(ticket.id()));
            }
            ticket.close(AttachmentFailures.released("what it wrote"));
        }
        return ended && !link.isHeld() ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onPostStop() {
        VmLostException lost = new VmLostException("VM " + vm + " ended while " + ticket.description()
                + (ended ? " was kept in it" : " was running in it"));
        if (released && ended) {
            return this;
        }
        ticket.fail(lost);
        return this;
    }
}
