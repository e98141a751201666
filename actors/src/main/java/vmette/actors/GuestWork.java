package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import vmette.config.RuntimeSettings;
import vmette.config.VsockSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.rootfs.ImageDefaults;

/**
 * What goes on in a guest over one link to its agent after another: commands, forwards and signs of life. The incarnation's own; not for several
 * threads.
 */
final class GuestWork {
    /** How long the agent may take to answer a sign of life, which it does at once unless its guest is overloaded. */
    private static final Duration PING_PATIENCE = Duration.ofSeconds(30);

    /** What the incarnation hands back to {@link #on}. */
    sealed interface Event {}

    private record CommandOver(long execution) implements Event {}

    private record DetachedOver(long execution) implements Event {}

    private record ForwardOver(long forward) implements Event {}

    private record PingTimeout(long nonce) implements Event {}

    private final ActorContext<VmInstance.Command> context;
    private final TimerScheduler<VmInstance.Command> timers;
    private final String vm;
    private final RuntimeSettings settings;
    private final ImageDefaults image;
    private AgentLink link;
    private Map<Long, ActorRef<Execution.Command>> executions = Collections.emptyMap();
    /** Those that a save has detached, and that are still to hear what was asked of them before. */
    private Map<Long, ActorRef<Execution.Command>> overtaken = Collections.emptyMap();

    private Map<Long, ActorRef<Forwarding.Command>> forwards = Collections.emptyMap();
    private final DetachedExecutions detached;
    private Map<Long, CompletableFuture<AgentFrame.Pong>> pings = Collections.emptyMap();
    private long lastPing;
    private int releases;
    private long begun;

    GuestWork(
            ActorContext<VmInstance.Command> context,
            TimerScheduler<VmInstance.Command> timers,
            String vm,
            RuntimeSettings settings,
            ImageDefaults image) {
        this.context = context;
        this.timers = timers;
        this.vm = vm;
        this.settings = settings;
        this.image = image;
        this.detached = new DetachedExecutions(context, vm, id -> event(new DetachedOver(id)));
    }

    private static VmInstance.Command event(Event event) {
        return new VmInstance.Work(event);
    }

    void run(Ticket ticket) {
        begun += ExecutionIds.isOfOthers(ticket.id()) ? 1 : 0;
        try {
            if (detached.knows(ticket.id())) {
                // The agent announced it before it was asked for, and somebody has found it: it speaks for nobody else.
                ticket.fail(new StartFailedException("the agent of VM " + vm + " spoke of " + ticket.description()
                        + " before it was started: it broke the guest protocol"));
            } else if (ticket instanceof DetachedTicket command) {
                HostFrame.Exec order = command.frame(image, settings.exec());
                link.send(order);
                detached.add(command, order, link);
            } else if (ticket instanceof CommandTicket command) {
                run(command);
            }
        } catch (InvalidConfigException e) {
            ticket.fail(e);
        }
    }

    private void run(CommandTicket ticket) {
        if (ticket.isTerminated()) {
            ticket.fail(new StartFailedException(
                    ticket.description() + " was cancelled before VM " + vm + " had started it"));
            return;
        }
        link.send(Execution.frame(ticket, image, settings.exec()));
        ActorRef<Execution.Command> actor =
                context.spawn(Execution.create(ticket, link, vm, settings.exec()), "execution-" + ticket.id());
        executions = OnDemand.map(executions);
        executions.put(ticket.id(), actor);
        context.watchWith(actor, event(new CommandOver(ticket.id())));
    }

    void find(long execution, CompletableFuture<DetachedTicket> reply) {
        begun++;
        detached.find(execution, reply, link);
    }

    void forward(ForwardTicket ticket) {
        begun += ExecutionIds.isOfOthers(ticket.id()) ? 1 : 0;
        if (forwards.size() >= mostForwards()) {
            ticket.fail(new VmBusyException("VM " + vm + " has its " + forwards.size()
                    + " forwarded connections: end some, or raise vmette.vsock.vm-budget and"
                    + " vmette.vsock.max-connections"));
            return;
        }
        ActorRef<Forwarding.Command> actor = context.spawn(
                Forwarding.create(ticket, link, vm, settings.forward().connectTimeout()), "forward-" + ticket.id());
        forwards = OnDemand.map(forwards);
        forwards.put(ticket.id(), actor);
        context.watchWith(actor, event(new ForwardOver(ticket.id())));
    }

    /** Anybody on this host may connect to a forwarded port: a quarter is kept for commands, however many ports there are. */
    private long mostForwards() {
        VsockSettings vsock = settings.vsock();
        long all = Math.min(vsock.maxConnections(), vsock.vmBudget() / vsock.bufAlloc());
        return all - all / 4;
    }

    void ping(CompletableFuture<AgentFrame.Pong> reply) {
        begun++;
        pings = OnDemand.map(pings);
        pings.put(++lastPing, reply);
        timers.startSingleTimer(lastPing, event(new PingTimeout(lastPing)), PING_PATIENCE);
        link.send(new HostFrame.Ping(lastPing));
    }

    /** What the agent says of it. */
    void said(AgentFrame frame) {
        if (frame instanceof AgentFrame.Pong pong) {
            timers.cancel(pong.nonce());
            Optional.ofNullable(pings.remove(pong.nonce())).ifPresent(reply -> reply.complete(pong));
        } else if (frame instanceof AgentFrame.Started started) {
            said(started.execution(), frame);
        } else if (frame instanceof AgentFrame.ExecFailed failed) {
            said(failed.execution(), frame);
        } else if (frame instanceof AgentFrame.Exited exited) {
            said(exited.execution(), frame);
        } else if (frame instanceof AgentFrame.Attached attached) {
            said(attached.execution(), frame);
        } else if (frame instanceof AgentFrame.Forwarded forwarded) {
            Optional.ofNullable(forwards.get(forwarded.forward()))
                    .ifPresent(actor -> actor.tell(new Forwarding.AgentSaid(forwarded)));
        }
    }

    /** One that is not known was started over another link, has ended, or was made up by a hostile guest. */
    private void said(long execution, AgentFrame frame) {
        ActorRef<Execution.Command> actor = executions.get(execution);
        if (actor != null) {
            actor.tell(new Execution.AgentSaid(frame));
            return;
        }
        Optional.ofNullable(overtaken.get(execution)).ifPresent(former -> former.tell(new Execution.AgentSaid(frame)));
        if (!detached.said(execution, frame)) {
            if (ExecutionIds.isOfHealth(execution)) {
                release(execution, frame);
            } else {
                detached.announced(execution, frame);
            }
        }
    }

    /** It was under way when the VM was saved, and nobody waits for it any more. No agent has more of them than commands: who makes up others gets no answer. */
    private void release(long execution, AgentFrame frame) {
        if (frame instanceof AgentFrame.Started && releases < GuestProtocol.MAX_EXECUTIONS) {
            releases++;
            link.send(new HostFrame.Release(execution));
        }
    }

    void on(Event event) {
        if (event instanceof CommandOver over) {
            executions.remove(over.execution());
            overtaken.remove(over.execution());
        } else if (event instanceof DetachedOver over) {
            detached.forget(over.execution());
        } else if (event instanceof ForwardOver over) {
            forwards.remove(over.forward());
        } else if (event instanceof PingTimeout late) {
            Optional.ofNullable(pings.remove(late.nonce()))
                    .ifPresent(reply -> reply.completeExceptionally(new OperationTimeoutException("the agent of VM "
                            + vm + " gave no sign of life within " + PING_PATIENCE.toSeconds()
                            + " s: the guest hangs or is overloaded; stop the VM if that lasts")));
        }
    }

    /**
     * Whether there is something that a save would take from somebody: commands with streams, or connections.
     *
     * @param service whether one of the commands is the VM's own
     */
    boolean isBusy(boolean service) {
        return executions.size() > (service ? 1 : 0) || !forwards.isEmpty();
    }

    /** What is open of it without health checks: commands that run, detached ones too, forwarded connections and questions to the agent. */
    long open() {
        return notOfHealth(executions.keySet()) + notOfHealth(forwards.keySet()) + detached.running() + pings.size();
    }

    /** How many of those have been begun. */
    long begun() {
        return begun;
    }

    boolean hasHealthChecks() {
        return executions.size() + forwards.size() > notOfHealth(executions.keySet()) + notOfHealth(forwards.keySet());
    }

    private static long notOfHealth(Set<Long> ids) {
        return ids.stream().filter(ExecutionIds::isOfOthers).count();
    }

    /** The VM is about to be saved: what would be sent from now on waits for {@link #relinked} or {@link #goOn}. */
    void hold() {
        tellCommands(new Execution.Hold());
        detached.tellAll(new Detached.Hold());
    }

    /** It was not saved after all, and the link is still there. */
    void goOn() {
        tellCommands(new Execution.GoOn());
        detached.tellAll(new Detached.GoOn());
    }

    private void tellCommands(Execution.Command news) {
        executions.values().forEach(actor -> actor.tell(news));
        overtaken.values().forEach(actor -> actor.tell(news));
    }

    /** The VM is being saved, and no connection is left. What runs in the guest goes on. */
    void unplugged() {
        tellCommands(new Execution.Unplugged());
        if (!executions.isEmpty()) {
            overtaken = OnDemand.map(overtaken);
            overtaken.putAll(executions);
        }
        executions = Collections.emptyMap();
    }

    /** The agent speaks over another link, and is not to be asked for anything before {@link #relinked}. */
    void heardOver(AgentLink other) {
        link = other;
        releases = 0;
        detached.heardOver();
    }

    /** It goes on over that link. */
    void relinked(AgentLink other) {
        tellCommands(new Execution.Relinked(other));
        detached.relinked(other);
        pings.keySet().forEach(nonce -> other.send(new HostFrame.Ping(nonce)));
    }

    /** Commands in the guest that nobody here has asked for: they were started in a former life of it. */
    Set<Long> announced() {
        return detached.announced();
    }

    /** The incarnation is over; what has an actor of its own hears of it by itself. */
    void lost() {
        pings.values()
                .forEach(reply -> reply.completeExceptionally(
                        new VmLostException("VM " + vm + " ended before its agent answered")));
    }
}
