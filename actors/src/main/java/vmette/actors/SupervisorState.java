package vmette.actors;

import java.util.Optional;

/**
 * Where a supervised VM stands. {@code docs/supervision.md} draws what leads from one to another.
 *
 * <pre>
 *   Starting --ready--> Ready --failed--> Recovering --delay over (and Go)--> Starting
 *      |                  |                 |      ^
 *      +------stop--------+--> Stopping ----+--> (ended)
 *      +----Hold, restart-+--> Stopping ---gone----+
 *   Ready --idle--> Passivating --saved and gone--> Passive --asked for--> Starting
 *     ^------------------+ not saved
 *                               any, if its processes remain: GivenUp --they are gone--> (ended)
 * </pre>
 *
 * A VM that belongs to a group leaves Recovering by its group's Go only, and not before the delay is over. Its group has heard from it that nothing of the
 * former incarnation is left: Failed if that ended by itself, Held if the group had ordered so. A restart that the VM's owner orders needs no Go.
 */
sealed interface SupervisorState {
    /** An incarnation comes up; requests wait. */
    record Starting() implements SupervisorState {}

    /** The incarnation takes requests. */
    record Ready() implements SupervisorState {}

    /** Nothing of the former incarnation is left, and the next is not begun yet: a delay has to pass, or the VM's group to allow it. Requests wait. */
    record Recovering() implements SupervisorState {}

    /**
     * The incarnation was told to end.
     *
     * @param how the VM ends with it; empty: another one follows, and requests wait for it
     */
    record Stopping(Optional<VmEnd.How> how) implements SupervisorState {}

    /** Nobody uses it: it is being saved, and ends with that. Requests wait. */
    record Passivating() implements SupervisorState {}

    /** Nothing of it is left but its snapshot. A request begins the next incarnation. */
    record Passive() implements SupervisorState {}

    /** The VM has ended for its callers, but a process of it remains: the supervisor stays, and with it the name is taken. */
    record GivenUp() implements SupervisorState {}

    /** Whether the VM ends with what is under way. */
    default boolean isToEnd() {
        return this instanceof Stopping stopping && stopping.how().isPresent();
    }

    /** How the VM ends if it does now. */
    default VmEnd.How howToEnd() {
        return this instanceof Stopping stopping ? stopping.how().orElse(VmEnd.How.STOPPED) : VmEnd.How.STOPPED;
    }

    /** Whether it is there for whoever asks something of it, be it at once or after waking up. */
    default boolean isUp() {
        return this instanceof Ready || this instanceof Passivating || this instanceof Passive;
    }

    /**
     * What becomes of a request that comes now.
     *
     * @param there whether the present incarnation can still be told something
     */
    default Requests.Standing standing(boolean there) {
        if (this instanceof GivenUp) {
            return Requests.Standing.ENDED;
        }
        if (isToEnd()) {
            return Requests.Standing.ENDING;
        }
        return this instanceof Ready && there ? Requests.Standing.READY : Requests.Standing.COMING;
    }
}
