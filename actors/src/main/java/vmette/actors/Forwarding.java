package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import vmette.config.Durations;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;

/** One TCP connection into the guest in one incarnation: has the agent make it, and hears what becomes of it. */
final class Forwarding extends AbstractBehavior<Forwarding.Command> {
    sealed interface Command {}

    record AgentSaid(AgentFrame.Forwarded frame) implements Command {}

    /** Suppressed among dead letters: with its incarnation a stream ends after its actor. */
    private record StreamEnded(boolean joined) implements Command, DeadLetterSuppression {}

    private record ConnectTimeout() implements Command {}

    private final TimerScheduler<Command> timers;
    private final ForwardTicket ticket;
    private final AgentLink link;
    private final String vm;
    private final Duration connectTimeout;
    private boolean connected;

    private Forwarding(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            ForwardTicket ticket,
            AgentLink link,
            String vm,
            Duration connectTimeout) {
        super(context);
        this.timers = timers;
        this.ticket = ticket;
        this.link = link;
        this.vm = vm;
        this.connectTimeout = connectTimeout;
        link.send(ticket.frame());
        timers.startSingleTimer(new ConnectTimeout(), connectTimeout);
        ActorRef<Command> self = context.getSelf();
        ticket.ended().thenAccept(joined -> self.tell(new StreamEnded(joined)));
    }

    static Behavior<Command> create(ForwardTicket ticket, AgentLink link, String vm, Duration connectTimeout) {
        return Behaviors.withMdc(
                Command.class,
                VmMdc.of(vm),
                Behaviors.setup(context -> Behaviors.withTimers(
                        timers -> new Forwarding(context, timers, ticket, link, vm, connectTimeout))));
    }

    @Override
    public Receive<Command> createReceive() {
        return Guarded.failing(newReceiveBuilder()
                .onMessage(AgentSaid.class, said -> onWord(said.frame().errno()))
                .onMessage(StreamEnded.class, ended -> onStreamEnded(ended.joined()))
                .onMessage(ConnectTimeout.class, timeout -> onConnectTimeout())
                .onSignal(PostStop.class, stop -> {
                    // What stands is reset with the incarnation's vsock.
                    ticket.fail(new VmLostException("VM " + vm + " ended before a connection to port " + ticket.port()
                            + " of its guest was made"));
                    return this;
                })
                .build());
    }

    private Behavior<Command> onWord(int errno) {
        if (connected && errno != 0) {
            ticket.lose(ForwardFailures.lost(vm, ticket.port(), errno));
            return Behaviors.stopped();
        }
        if (errno != 0) {
            ticket.fail(ForwardFailures.notConnected(vm, ticket.port(), errno));
            return Behaviors.stopped();
        }
        connected = true;
        timers.cancelAll();
        ticket.connect();
        return this;
    }

    /** One whose data connection was opened the agent sees the end of. */
    private Behavior<Command> onStreamEnded(boolean joined) {
        if (!joined) {
            giveUp();
        }
        return Behaviors.stopped();
    }

    private Behavior<Command> onConnectTimeout() {
        giveUp();
        ticket.fail(new OperationTimeoutException("port " + ticket.port() + " of the guest of VM " + vm
                + " could not be connected to within " + Durations.text(connectTimeout)
                + " (vmette.forward.connect-timeout): its server takes no connections, or the guest is overloaded"));
        return Behaviors.stopped();
    }

    private void giveUp() {
        link.send(HostFrame.Forward.giveUp(ticket.id()));
    }
}
