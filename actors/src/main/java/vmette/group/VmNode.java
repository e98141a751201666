package vmette.group;

import java.util.List;
import java.util.Optional;
import vmette.config.RestartMode;
import vmette.config.fleet.VmPlan;

/**
 * A VM as its group sees it.
 *
 * <pre>
 *            launch                 go
 *   ABSENT ----------> STARTING <-------- HELD
 *      ^                |  ^ came up       ^ ^
 *      |                v  |  (READY)      | | held
 *      |              READY ---- failed ---+ HOLDING <-- hold --- STARTING, READY
 *      +--- over: from any; STOPPING <-- stop -- any but ABSENT
 * </pre>
 */
final class VmNode extends Node {
    enum Phase {
        /** There is no supervisor of it. */
        ABSENT,
        /** Its supervisor waits for a word to go on; there is no incarnation. */
        HELD,
        STARTING,
        READY,
        HOLDING,
        STOPPING
    }

    private VmPlan plan;
    private Phase phase = Phase.ABSENT;
    private Doom doom = Doom.NONE;
    private Orders.Because why = Orders.Because.OWNER;
    private boolean retired;
    private boolean dropped;
    private long launchedBy;
    private long order;
    private long incarnation;
    private Optional<String> lastFailure = Optional.empty();

    VmNode(VmPlan plan) {
        super(plan.name());
        this.plan = plan;
    }

    VmPlan plan() {
        return plan;
    }

    /** The same VM, to be treated otherwise. */
    void replan(VmPlan other) {
        plan = other;
    }

    Phase phase() {
        return phase;
    }

    Doom doom() {
        return doom;
    }

    long order() {
        return order;
    }

    long launchedBy() {
        return launchedBy;
    }

    boolean runs() {
        return phase == Phase.STARTING || phase == Phase.READY;
    }

    /** It leaves its fleet: whatever it says, nothing follows. */
    void retire() {
        retired = true;
        doom(Doom.STOP, Orders.Because.OWNER);
    }

    boolean isRetired() {
        return retired;
    }

    /** It ends with others and is not started again with them, since no end of it is followed by another start. */
    void drop(Orders.Because because) {
        dropped = true;
        doom(Doom.STOP, because);
    }

    /** Why it was ordered to end. */
    Orders.Because why() {
        return why;
    }

    /** It is to be started again all the same. */
    void keep() {
        dropped = false;
    }

    boolean isDropped() {
        return dropped;
    }

    void setPhase(Phase other) {
        phase = other;
        if (other == Phase.ABSENT) {
            dropped = false;
        }
        if (isGone() && (doom != Doom.STOP || phase == Phase.ABSENT)) {
            doom = Doom.NONE;
        }
    }

    void cameUp(long number) {
        incarnation = number;
        phase = Phase.READY;
        noteReady();
    }

    void noteFailure(String line) {
        lastFailure = Optional.of(line);
    }

    @Override
    RestartMode mode() {
        return plan.mode();
    }

    @Override
    void doom(Doom other, Orders.Because because) {
        if (other.compareTo(doom) > 0) {
            doom = other;
            why = because;
        }
        setPhase(phase);
    }

    @Override
    boolean isComingDown() {
        return doom != Doom.NONE || phase == Phase.HOLDING || phase == Phase.STOPPING;
    }

    @Override
    boolean isGone() {
        return phase == Phase.ABSENT || phase == Phase.HELD;
    }

    @Override
    boolean isReady() {
        return !isComingDown() && (over().isPresent() || phase == Phase.READY);
    }

    @Override
    boolean stopStep(Orders orders, Numbers numbers) {
        if (doom == Doom.HOLD && runs()) {
            order = numbers.next();
            phase = Phase.HOLDING;
            orders.hold(name(), order, why);
        } else if (doom == Doom.STOP && phase != Phase.ABSENT && phase != Phase.STOPPING) {
            order = numbers.next();
            phase = Phase.STOPPING;
            orders.stop(name(), why);
        }
        return isComingDown();
    }

    @Override
    void startStep(Orders orders, Numbers numbers, boolean turn) {
        if (!(turn || hasBeenReady()) || retired || over().isPresent() || isComingDown() || !isGone()) {
            return;
        }
        order = numbers.next();
        boolean isThere = phase == Phase.HELD;
        phase = Phase.STARTING;
        if (isThere) {
            orders.go(name(), order);
        } else {
            launchedBy = order;
            orders.launch(plan, order);
        }
    }

    @Override
    MemberStatus status() {
        Optional<String> reason = over().map(Over::text).or(() -> lastFailure);
        return new MemberStatus(name(), false, state(), incarnation, restarts(), reason, List.of());
    }

    private MemberStatus.State state() {
        if (phase == Phase.HOLDING || phase == Phase.STOPPING || (doom != Doom.NONE && phase != Phase.ABSENT)) {
            return MemberStatus.State.STOPPING;
        }
        if (over().isPresent()) {
            return over().get().failure().isPresent() ? MemberStatus.State.FAILED : MemberStatus.State.ENDED;
        }
        if (phase == Phase.READY) {
            return MemberStatus.State.READY;
        }
        if (lastFailure.isPresent() && (phase == Phase.STARTING || phase == Phase.HELD)) {
            return MemberStatus.State.RECOVERING;
        }
        return phase == Phase.STARTING ? MemberStatus.State.STARTING : MemberStatus.State.WAITING;
    }
}
