package vmette.actors;

import java.util.function.Consumer;

/**
 * The group that a VM belongs to, as its supervisor knows it. Without one a VM recovers by itself.
 *
 * @param order the number of the order by which the VM is launched; those after it have higher ones
 * @param told at once, by the supervisor's thread: it must not block and not throw
 */
public record GroupLink(long order, Consumer<MemberReport> told) {}
