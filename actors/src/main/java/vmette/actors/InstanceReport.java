package vmette.actors;

import java.util.Optional;
import vmette.machine.SaveReport;

/** What an instance tells its supervisor. */
sealed interface InstanceReport {
    /** Whose. */
    long incarnation();

    /** The agent is ready. */
    record BecameReady(long incarnation, VmReady ready) implements InstanceReport {}

    /** It was saved. */
    record Saved(long incarnation, SaveReport report) implements InstanceReport {}

    /**
     * What it ran by itself has ended, and it powers its guest off.
     *
     * @param completed whether that is no failure
     */
    record ServiceOver(long incarnation, boolean completed) implements InstanceReport {}

    /** Its machine has been told to end. Empty: because the incarnation was asked to stop. */
    record Closing(long incarnation, Optional<VmFailure> failure) implements InstanceReport {}

    /** Nothing of the incarnation is left. Empty: it was asked to stop; present: why it ended, a power-off of the guest included. */
    record Ended(long incarnation, Optional<VmFailure> failure) implements InstanceReport {}
}
