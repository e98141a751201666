package vmette.actors;

import java.util.Optional;

/**
 * Where a supervised VM stands. {@code docs/supervision.md} draws what leads from one to another.
 *
 * <pre>
 *   Starting --ready--> Ready --failed--> Recovering --delay over--> Starting
 *      |                  |                   |
 *      +------stop--------+--> Stopping ------+----> (ended)
 *                               any, if its processes remain: GivenUp --they are gone--> (ended)
 * </pre>
 */
sealed interface SupervisorState {
    /** An incarnation comes up; requests wait. */
    record Starting() implements SupervisorState {}

    /** The incarnation takes requests. */
    record Ready() implements SupervisorState {}

    /** Nothing of the former incarnation is left, and the next is not begun yet; requests wait. */
    record Recovering() implements SupervisorState {}

    /**
     * The incarnation was told to end.
     *
     * @param how the VM ends with it; empty: another one follows, and requests wait for it
     */
    record Stopping(Optional<VmEnd.How> how) implements SupervisorState {}

    /** The VM has ended for its callers, but a process of it remains: the supervisor stays, and with it the name is taken. */
    record GivenUp() implements SupervisorState {}
}
