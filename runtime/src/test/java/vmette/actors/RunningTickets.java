package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import vmette.config.ExecSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;

/** Tickets of commands that run as far as their caller can tell: there is no agent. */
public final class RunningTickets {
    /** So small that every byte is acknowledged. */
    private static final int RING = 4;

    private static final AtomicLong IDS = new AtomicLong();

    private RunningTickets() {}

    /** A command whose signals and ends of streams nobody hears of. */
    public static CommandTicket create(long id, ExecSpec spec, ActorSystem<?> system) {
        CommandTicket ticket = CommandTicket.create(id, spec);
        ticket.run(1, system.<Execution.Command>deadLetters());
        return ticket;
    }

    /** A command that runs something when it is to end. */
    public static CommandTicket terminable(long id, ExecSpec spec, ActorSystem<?> system, Runnable terminated) {
        CommandTicket ticket = CommandTicket.create(id, spec);
        Behavior<Execution.Command> ending = Behaviors.receive(Execution.Command.class)
                .onMessage(Execution.Terminate.class, terminate -> {
                    terminated.run();
                    return Behaviors.same();
                })
                .build();
        ticket.run(1, system.systemActorOf(ending, "terminable-" + IDS.incrementAndGet(), Props.empty()));
        return ticket;
    }

    /** Whether it is not to be started any more. */
    public static boolean isTerminated(CommandTicket ticket) {
        return ticket.isTerminated();
    }

    /** The names of what runs beside the users' actors. */
    public static List<String> systemActors(ActorSystem<?> system) {
        return List.of(system.printTree().split("[^\\w-]+", 0)).stream()
                .filter(name -> !name.isEmpty())
                .toList();
    }

    /** It was lost. */
    public static void fail(CommandTicket ticket) {
        ticket.fail(new vmette.errors.VmLostException("a test's"));
    }

    /** It has ended. */
    public static void end(CommandTicket ticket) {
        ticket.end(new AgentFrame.Exited(ticket.id(), AgentFrame.ExitKind.EXITED, 0));
    }

    /**
     * A detached command each of whose attachments is granted, and told at once how long the output is.
     *
     * @param start what every attachment begins with
     * @param length how many bytes it wrote
     */
    public static DetachedTicket detached(long start, long length, ActorSystem<?> system) {
        long id = IDS.incrementAndGet();
        DetachedTicket ticket = DetachedTicket.create(id, ExecSpec.shell("true"));
        ActorRef<Detached.Command> actor =
                system.systemActorOf(granting(ticket, start, length), "detached-" + id, Props.empty());
        ticket.run(1, actor);
        return ticket;
    }

    private static Behavior<Detached.Command> granting(DetachedTicket ticket, long start, long length) {
        return Behaviors.receive(Detached.Command.class)
                .onMessage(Detached.Attach.class, asked -> {
                    Attachment attachment = asked.attachment();
                    ticket.said(said(attachment, AttachmentState.ATTACHED, start, RING));
                    ticket.said(said(attachment, AttachmentState.ENDED, length, 0));
                    return Behaviors.stopped();
                })
                .build();
    }

    private static AgentFrame.Attached said(Attachment attachment, AttachmentState state, long offset, int ring) {
        return new AgentFrame.Attached(1, attachment.stream(), attachment.token(), state, 0, offset, ring);
    }
}
