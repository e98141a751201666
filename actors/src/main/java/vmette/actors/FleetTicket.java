package vmette.actors;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import vmette.config.fleet.Deployment;
import vmette.group.MemberStatus;

/**
 * A fleet as its owner and its actor share it. Thread-safe.
 *
 * @param board what the actor shows
 * @param ending settled by the actor, never exceptionally
 */
public record FleetTicket(AtomicReference<Shown> board, CompletableFuture<FleetEnd> ending) {
    /**
     * What can be seen of a fleet.
     *
     * @param deployment what it is, or is becoming
     * @param members in the order of starting
     */
    public record Shown(Deployment deployment, List<MemberStatus> members) {
        /** Copies what is given. */
        public Shown {
            members = List.copyOf(members);
        }
    }

    /** Of a fleet still to be deployed. */
    public static FleetTicket create(Deployment deployment) {
        return new FleetTicket(new AtomicReference<>(new Shown(deployment, List.of())), new CompletableFuture<>());
    }

    /** Completes, never exceptionally, when nothing of the fleet is left. */
    public CompletionStage<FleetEnd> ended() {
        return ending.minimalCompletionStage();
    }
}
