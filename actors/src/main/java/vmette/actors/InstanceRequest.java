package vmette.actors;

import akka.actor.DeadLetterSuppression;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import vmette.errors.VmBusyException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.SaveReport;
import vmette.passivation.Activity;

/** What its supervisor asks of an instance, who answers for it once it is over: then it finds nobody, and need not. */
sealed interface InstanceRequest extends VmInstance.Command, DeadLetterSuppression {
    /** Something for the guest; it waits while that stands still. */
    sealed interface OfGuest extends InstanceRequest {
        /** The guest is ready. */
        void begin(GuestWork work);

        /** What has not come about if there is no guest, as the rest of a sentence; may be empty. */
        String undone();

        /** Whoever asked is told. */
        void fail(Throwable reason);
    }

    /** One that is answered, whatever happens. */
    sealed interface Asked<T> extends OfGuest {
        CompletableFuture<T> reply();

        @Override
        default String undone() {
            return "";
        }

        @Override
        default void fail(Throwable reason) {
            reply().completeExceptionally(reason);
        }
    }

    /** Runs a command; the ticket learns what becomes of it. */
    record Run(Ticket ticket) implements OfGuest {
        @Override
        public void begin(GuestWork work) {
            work.run(ticket);
        }

        @Override
        public String undone() {
            return ": " + ticket.description() + " was not started";
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** Looks for a detached command; fails if the incarnation has none of that id. */
    record Find(long execution, CompletableFuture<DetachedTicket> reply) implements Asked<DetachedTicket> {
        @Override
        public void begin(GuestWork work) {
            work.find(execution, reply);
        }
    }

    /** Makes a TCP connection into the guest; the ticket learns what becomes of it. */
    record Forward(ForwardTicket ticket) implements OfGuest {
        @Override
        public void begin(GuestWork work) {
            work.forward(ticket);
        }

        @Override
        public String undone() {
            return ": port " + ticket.port() + " of its guest was not connected to";
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** Asks the agent for a sign of life; fails with the incarnation, or after a while. */
    record Ping(CompletableFuture<AgentFrame.Pong> reply) implements Asked<AgentFrame.Pong> {
        @Override
        public void begin(GuestWork work) {
            work.ping(reply);
        }
    }

    /**
     * Saves the VM, as {@link VmRequest.Save}.
     *
     * @param evenIfBusy else it is refused with {@link VmBusyException} while somebody has a stream or a command open
     */
    record Save(String snapshot, boolean thenEnd, boolean evenIfBusy, CompletableFuture<SaveReport> reply)
            implements InstanceRequest {}

    /** Asks what goes on in it. */
    record Observe(CompletableFuture<Activity> reply) implements InstanceRequest {}

    /**
     * Saves the VM without a name, so that it ends with it; refused with {@link VmBusyException} if it is used, or has been since.
     *
     * @param begun what of it had been begun when it was found idle
     * @param kept told of the snapshot as soon as there is one, on any thread
     */
    record Passivate(long begun, Consumer<SaveReport> kept, CompletableFuture<SaveReport> reply)
            implements InstanceRequest {}

    /** Powers the guest off. */
    record Stop() implements InstanceRequest {}

    /** Ends the guest without asking it. */
    record Kill() implements InstanceRequest {}
}
