package vmette.actors;

import java.util.Optional;

/** What a supervisor knows of its VM's place in a group: whose orders it follows, and whether it waits for one. Not for several threads. */
final class Membership {
    private final Optional<GroupLink> group;
    private long order;
    private boolean held;
    private Optional<VmFailure.Cause> ending = Optional.empty();

    Membership(Optional<GroupLink> group) {
        this.group = group;
        this.order = group.map(GroupLink::order).orElse(0L);
    }

    /** Whether the VM is to go on; a stale order is ignored. */
    boolean takes(VmSupervisor.Go go) {
        if (!isNext(go.order())) {
            return false;
        }
        held = false;
        ending = Optional.empty();
        return true;
    }

    /** Whether the VM is to be held; a stale order is ignored. */
    boolean takes(VmSupervisor.Hold hold) {
        if (!isNext(hold.order())) {
            return false;
        }
        held = true;
        ending = Optional.of(hold.why());
        return true;
    }

    private boolean isNext(long number) {
        if (group.isEmpty() || number <= order) {
            return false;
        }
        order = number;
        return true;
    }

    /** Why an incarnation that was told to end, so that another one follows, was told so. */
    VmFailure.Cause ordered() {
        return ending.orElseGet(VmFailure.OperatorRestart::new);
    }

    boolean isHeld() {
        return held;
    }

    void cameUp(long incarnation) {
        tell(new MemberReport.CameUp(order, incarnation));
    }

    /** Nothing of an incarnation is left, and another is to follow; of itself only where its owner wants so, or there is no group. */
    void ended(VmFailure failure) {
        if (held) {
            held();
        } else if (group.isPresent() && !(failure.cause() instanceof VmFailure.OperatorRestart)) {
            held = true;
            tell(new MemberReport.Failed(order, failure));
        }
    }

    void held() {
        tell(new MemberReport.Held(order));
    }

    private void tell(MemberReport report) {
        group.ifPresent(link -> link.told().accept(report));
    }
}
