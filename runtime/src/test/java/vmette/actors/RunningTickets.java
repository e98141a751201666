package vmette.actors;

import akka.actor.typed.ActorSystem;
import vmette.config.ExecSpec;

/** Tickets of commands that run as far as their caller can tell: no actor, no agent. */
public final class RunningTickets {
    private RunningTickets() {}

    /** A command whose signals and ends of streams nobody hears of. */
    public static CommandTicket create(long id, ExecSpec spec, ActorSystem<?> system) {
        CommandTicket ticket = CommandTicket.create(id, spec);
        ticket.run(1, system.<Execution.Command>deadLetters());
        return ticket;
    }
}
