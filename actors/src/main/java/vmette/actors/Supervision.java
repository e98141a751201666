package vmette.actors;

import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import vmette.admission.VmAdmission;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.SnapshotShelf;

/**
 * What a supervisor decides by, and whom it tells.
 *
 * @param policy what follows a failure
 * @param shelf the VM's snapshots
 * @param clock never goes back
 * @param random from 0 to below 1
 * @param admission asked before each incarnation
 * @param events told at once, by the supervisor's thread: it must not block and not throw
 * @param first what the VM's first incarnation begins from
 * @param group the one that has a say in when the VM recovers; empty: it recovers by itself
 */
public record Supervision(
        RecoveryPolicy policy,
        SnapshotShelf shelf,
        InstantSource clock,
        DoubleSupplier random,
        VmAdmission admission,
        Consumer<VmEvent> events,
        Origin first,
        Optional<GroupLink> group) {
    /** One that tells nobody and may always come up. */
    public Supervision(RecoveryPolicy policy, SnapshotShelf shelf, InstantSource clock, DoubleSupplier random) {
        this(policy, shelf, clock, random, VmAdmission.OPEN, event -> {}, Origin.BOOT, Optional.empty());
    }

    /** Of a VM without snapshots. */
    public static Supervision by(RecoveryPolicy policy) {
        return by(policy, SnapshotShelf.EMPTY);
    }

    /** Of a VM with snapshots. */
    public static Supervision by(RecoveryPolicy policy, SnapshotShelf shelf) {
        return new Supervision(policy, shelf, SteadyClock.INSTANCE, () -> ThreadLocalRandom.current()
                .nextDouble());
    }

    /** The same, which tells somebody what happens. */
    public Supervision withEvents(Consumer<VmEvent> listener) {
        return new Supervision(policy, shelf, clock, random, admission, listener, first, group);
    }

    /** The same, which tells somebody else as well, after whom it tells already. */
    public Supervision andEvents(Consumer<VmEvent> another) {
        return withEvents(events.andThen(another));
    }

    /** The same for a VM that comes up only when it is let in. */
    public Supervision withAdmission(VmAdmission way) {
        return new Supervision(policy, shelf, clock, random, way, events, first, group);
    }

    /** The same for a VM that belongs to a group. */
    public Supervision withGroup(GroupLink link) {
        return new Supervision(policy, shelf, clock, random, admission, events, first, Optional.of(link));
    }

    /** The same by another policy. */
    public Supervision withPolicy(RecoveryPolicy other) {
        return new Supervision(other, shelf, clock, random, admission, events, first, group);
    }

    /** The same of a VM whose first incarnation begins from there. */
    public Supervision withFirst(Origin origin) {
        return new Supervision(policy, shelf, clock, random, admission, events, origin, group);
    }

    /** The same of a VM with other snapshots. */
    public Supervision withShelf(SnapshotShelf other) {
        return new Supervision(policy, other, clock, random, admission, events, first, group);
    }
}
