package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import vmette.errors.AttachException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;

/**
 * The detached commands of one incarnation: those started here, and those that the agent announces of its own accord, which were
 * started over a former control connection. The incarnation's own; not for several threads.
 */
final class DetachedExecutions {
    /** A command that nobody here has asked for yet. */
    private record Announced(AgentFrame.Started started, Optional<AgentFrame> end) {}

    private record Known(DetachedTicket ticket, ActorRef<Detached.Command> actor) {}

    private final ActorContext<VmInstance.Command> context;
    private final String vm;
    private final LongFunction<VmInstance.Command> forget;
    private Map<Long, Known> known = Collections.emptyMap();
    private Map<Long, Announced> announced = Collections.emptyMap();

    /** @param forget what the incarnation is told when the actor of an execution has stopped */
    DetachedExecutions(ActorContext<VmInstance.Command> context, String vm, LongFunction<VmInstance.Command> forget) {
        this.context = context;
        this.vm = vm;
        this.forget = forget;
    }

    /** @param order what its agent has been sent */
    void add(DetachedTicket ticket, HostFrame.Exec order, AgentLink link) {
        // Not at its making: a behavior is kept as long as its actor lives, and this is large.
        add(ticket, link).tell(new Detached.Ordered(order));
    }

    private ActorRef<Detached.Command> add(DetachedTicket ticket, AgentLink link) {
        ActorRef<Detached.Command> actor = context.spawn(Detached.create(ticket, link, vm), "detached-" + ticket.id());
        known = OnDemand.map(known);
        known.put(ticket.id(), new Known(ticket, actor));
        context.watchWith(actor, forget.apply(ticket.id()));
        return actor;
    }

    void find(long id, CompletableFuture<DetachedTicket> reply, AgentLink link) {
        if (known.containsKey(id)) {
            reply.complete(known.get(id).ticket());
        } else if (announced.containsKey(id)) {
            Announced news = announced.remove(id);
            DetachedTicket ticket = DetachedTicket.adopted(id);
            ActorRef<Detached.Command> actor = add(ticket, link);
            actor.tell(new Detached.AgentSaid(news.started()));
            news.end().ifPresent(end -> actor.tell(new Detached.AgentSaid(end)));
            reply.complete(ticket);
        } else {
            reply.completeExceptionally(new AttachException(
                    AttachException.Reason.UNKNOWN,
                    "there is no detached command " + id + " in VM " + vm + ", or it was released"));
        }
    }

    /** Over another link the agent announces anew what there still is. */
    void heardOver() {
        announced = Collections.emptyMap();
    }

    void relinked(AgentLink link) {
        tellAll(new Detached.Relinked(link));
    }

    void tellAll(Detached.Command news) {
        known.values().forEach(each -> each.actor().tell(news));
    }

    /** The commands that the agent has announced and nobody here has asked for. */
    Set<Long> announced() {
        return Set.copyOf(announced.keySet());
    }

    /** How many of them have not ended. A service is none of them, nor is a health check. */
    long running() {
        return known.values().stream()
                        .filter(each -> ExecutionIds.isOfOthers(each.ticket().id()))
                        .filter(each -> !each.ticket().hasEnded())
                        .count()
                + announced.entrySet().stream()
                        .filter(each -> ExecutionIds.isOfOthers(each.getKey()))
                        .filter(each -> each.getValue().end().isEmpty())
                        .count();
    }

    boolean knows(long id) {
        return known.containsKey(id);
    }

    /** Tells the command it is about; false if that is none of these. */
    boolean said(long execution, AgentFrame frame) {
        Known detached = known.get(execution);
        if (detached != null) {
            detached.actor().tell(new Detached.AgentSaid(frame));
        }
        return detached != null;
    }

    /** The agent speaks of a command that nobody here has started. However many a hostile one makes up, few are remembered. */
    void announced(long execution, AgentFrame frame) {
        if (frame instanceof AgentFrame.Started started && announced.size() < GuestProtocol.MAX_EXECUTIONS) {
            announced = OnDemand.map(announced);
            announced.put(execution, new Announced(started, Optional.empty()));
        } else if (frame instanceof AgentFrame.Exited || frame instanceof AgentFrame.ExecFailed) {
            Announced news = announced.get(execution);
            if (news != null) {
                announced.put(execution, new Announced(news.started(), Optional.of(frame)));
            }
        }
    }

    void forget(long id) {
        known.remove(id);
    }
}
