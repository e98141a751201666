package vmette.actors;

import akka.actor.DeadLetterSuppression;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.SaveReport;

/**
 * A message to a supervisor that somebody waits for the answer of, and that fails when there is nobody to give it: no dead letter has to say
 * so.
 */
public sealed interface VmRequest extends VmSupervisor.Command, DeadLetterSuppression {
    /** Settled once it is answered. */
    CompletionStage<?> answer();

    /** Breaks what promises are still open. */
    void fail(Throwable reason);

    /** One whose answer is all that comes of it. */
    sealed interface Question extends VmRequest {
        /** Completed with the answer. */
        CompletableFuture<?> reply();

        @Override
        default CompletionStage<?> answer() {
            return reply();
        }

        @Override
        default void fail(Throwable reason) {
            reply().completeExceptionally(reason);
        }
    }

    /** A request that waits until the VM is ready. */
    sealed interface Delayable extends VmRequest {
        /** How long its caller lets it wait; empty: as long as it takes. */
        Optional<Duration> patience();

        /** The setting that patience is of, in parentheses after a space; empty if it is the caller's own. */
        String patienceSetting();

        /** What has not been done if it fails, for messages. */
        String undone();
    }

    /**
     * Runs a command once the VM is ready; the ticket learns what becomes of it.
     *
     * @param patience how long it may wait for the VM to be ready; after that it fails and is never run
     */
    record Run(Ticket ticket, Optional<Duration> patience) implements Delayable {
        private static final Duration LONGEST = Duration.ofDays(248);

        /**
         * Checks what is given.
         *
         * @throws InvalidConfigException for a patience that is not above 0, or longer than a timer can be
         */
        public Run {
            if (patience.filter(most -> most.isNegative() || most.isZero() || most.compareTo(LONGEST) > 0)
                    .isPresent()) {
                throw new InvalidConfigException("patience = " + patience.get()
                        + " is refused: allowed is a duration above 0, at most " + LONGEST.toDays() + " days");
            }
        }

        /** For a caller that waits as long as it takes. */
        public Run(Ticket ticket) {
            this(ticket, Optional.empty());
        }

        @Override
        public String patienceSetting() {
            return "";
        }

        @Override
        public String undone() {
            return ticket.description() + " was not started";
        }

        @Override
        public CompletionStage<?> answer() {
            return ticket.outcome();
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** Looks for a detached command that runs in the VM, or is kept there; fails if there is none of that id. */
    record Find(long execution, CompletableFuture<DetachedTicket> reply) implements Question {}

    /**
     * Makes a TCP connection into the guest once the VM is ready; the ticket learns what becomes of it.
     *
     * @param patience how long it may wait for that; empty: as {@code vmette.forward.connect-timeout} says
     */
    record Forward(ForwardTicket ticket, Optional<Duration> patience) implements Delayable {
        /** With the patience of the settings. */
        public Forward(ForwardTicket ticket) {
            this(ticket, Optional.empty());
        }

        @Override
        public String patienceSetting() {
            return " (vmette.forward.connect-timeout)";
        }

        @Override
        public String undone() {
            return "port " + ticket.port() + " of its guest was not connected to";
        }

        @Override
        public CompletionStage<?> answer() {
            return ticket.connected();
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** As {@link VmSupervisor.Restart}; answered when the next incarnation is ready. */
    record Restart(CompletableFuture<VmReady> reply) implements Question {}

    /**
     * Saves the VM, if it is ready.
     *
     * @param snapshot as {@link vmette.machine.Machine#save} has it
     * @param thenEnd whether the VM ends with it
     */
    record Save(String snapshot, boolean thenEnd, CompletableFuture<SaveReport> reply) implements Question {}

    /** Asks the agent for a sign of life. */
    record Ping(CompletableFuture<AgentFrame.Pong> reply) implements Question {}
}
