package vmette.actors;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import vmette.vmm.VmmExit;

/** Why one incarnation ends, as it becomes known: what is suspected, what counts, and how its monitor ended. Does nothing. Not for several threads. */
final class Ending {
    private boolean wasReady;
    private Optional<VmFailure.Cause> suspicion = Optional.empty();
    private Optional<VmFailure.Cause> cause = Optional.empty();
    private Optional<VmmExit> exit = Optional.empty();

    /** The agent is ready: what happens from now on is no failed boot. */
    void becameReady() {
        wasReady = true;
    }

    /**
     * This may be why, unless the monitor's exit tells a better reason right after.
     *
     * @return whether it is the first suspicion
     */
    boolean suspect(VmFailure.Cause why) {
        boolean first = suspicion.isEmpty();
        // A link goes down with its device, and is heard of first.
        if (first || suspicion.get() instanceof VmFailure.AgentLost) {
            suspicion = Optional.of(why);
        }
        return first;
    }

    /** Nothing better was heard. */
    VmFailure.Cause suspected() {
        return suspicion.orElseThrow();
    }

    /** This is why; empty: because it was asked to. */
    void because(Optional<VmFailure.Cause> why) {
        cause = why;
    }

    void exited(VmmExit how) {
        exit = Optional.of(how);
    }

    boolean hasExited() {
        return exit.isPresent();
    }

    /** What the monitor's exit means. */
    VmFailure.Cause byExit(List<String> console) {
        return MachineExits.cause(exit.orElseThrow(), console, wasReady);
    }

    /**
     * What is to be told of it; empty: it was asked to end.
     *
     * @param gone how the monitor ended, if nothing was heard of that before
     * @param console asked for if there is something to tell
     */
    Optional<VmFailure> failure(String vm, long incarnation, Optional<VmmExit> gone, Supplier<List<String>> console) {
        return cause.map(why -> new VmFailure(vm, incarnation, why, wasReady, exit.or(() -> gone), console.get()));
    }
}
