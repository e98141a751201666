package vmette.events;

import java.time.Instant;
import java.util.Optional;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.recovery.Decision;
import vmette.recovery.FailureKind;

/**
 * What the events of a VM come to.
 *
 * @param name the VM's
 * @param state where it stands
 * @param incarnation which life of it, from 1; 0 before the first
 * @param since when it has been in that state
 * @param launched when its supervisor began
 * @param recoveries how often it was decided that another incarnation follows a failure; ordered restarts are not counted
 * @param lastFailure without its console lines, which are in the event; ordered restarts are none
 * @param lastReady when its agent last began to answer
 */
public record VmStatus(
        String name,
        VmState state,
        long incarnation,
        Instant since,
        Instant launched,
        long recoveries,
        Optional<VmFailure> lastFailure,
        Optional<Instant> lastReady) {

    /** That of a VM of which nothing is known but its first event. */
    static VmStatus first(VmEvent.OfVm event) {
        return new VmStatus(
                        event.vm(),
                        VmState.STARTING,
                        event.incarnation(),
                        event.at(),
                        event.at(),
                        0,
                        Optional.empty(),
                        Optional.empty())
                .after(event);
    }

    /** What it is after that. What concerns another VM, or none, changes nothing; a launch after the end begins anew. */
    public VmStatus after(VmEvent event) {
        if (!(event instanceof VmEvent.OfVm own) || !own.vm().equals(name)) {
            return this;
        }
        if (own instanceof VmEvent.Launched) {
            return new VmStatus(name, VmState.STARTING, 0, own.at(), own.at(), 0, Optional.empty(), Optional.empty());
        } else if (own instanceof VmEvent.Began) {
            return in(VmState.STARTING, own);
        } else if (own instanceof VmEvent.BecameReady) {
            // One that was told to end meanwhile stays so.
            return in(state == VmState.STARTING ? VmState.READY : state, own)
                    .with(recoveries, lastFailure, Optional.of(own.at()));
        } else if (own instanceof VmEvent.Passivated) {
            return in(VmState.PASSIVE, own);
        } else if (own instanceof VmEvent.Stopping) {
            return in(VmState.STOPPING, own);
        } else if (own instanceof VmEvent.Failed failed) {
            return afterFailure(failed);
        } else if (own instanceof VmEvent.Ended ended) {
            return in(remains(ended.end()) ? VmState.GIVEN_UP : VmState.ENDED, own);
        }
        return this;
    }

    /** The same of one that waits to be let in, which its supervisor does not tell. */
    public VmStatus queued() {
        return state == VmState.STARTING
                ? new VmStatus(name, VmState.QUEUED, incarnation, since, launched, recoveries, lastFailure, lastReady)
                : this;
    }

    private VmStatus afterFailure(VmEvent.Failed event) {
        VmFailure failure = event.failure();
        boolean ordered = failure.kind() == FailureKind.OPERATOR_RESTART;
        boolean followed = failure.next()
                .filter(next -> !(next instanceof Decision.GiveUp))
                .isPresent();
        return in(followed ? VmState.RECOVERING : state, event)
                .with(
                        recoveries + (followed && !ordered ? 1 : 0),
                        ordered ? lastFailure : Optional.of(failure.withoutConsole()),
                        lastReady);
    }

    private static boolean remains(VmEnd end) {
        return end.failure()
                .filter(failure -> failure.kind() == FailureKind.PROCESS_REMAINS)
                .isPresent();
    }

    private VmStatus in(VmState other, VmEvent.OfVm event) {
        return new VmStatus(
                name,
                other,
                event.incarnation(),
                other == state ? since : event.at(),
                launched,
                recoveries,
                lastFailure,
                lastReady);
    }

    private VmStatus with(long recovered, Optional<VmFailure> failure, Optional<Instant> ready) {
        return new VmStatus(name, state, incarnation, since, launched, recovered, failure, ready);
    }
}
