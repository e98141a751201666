package vmette.events;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.recovery.Decision;
import vmette.recovery.Origin;

/** Events as supervisors tell them. */
final class Told {
    static final VmFailure.Cause PANIC = new VmFailure.GuestPanic("Kernel panic - not syncing: test");

    private Told() {}

    static Instant at(long second) {
        return Instant.EPOCH.plusSeconds(second);
    }

    static VmEvent.Launched launched(String vm, long second) {
        return new VmEvent.Launched(vm, at(second));
    }

    static VmEvent.Began began(String vm, long incarnation, long second) {
        return new VmEvent.Began(vm, incarnation, at(second), Origin.BOOT);
    }

    static VmEvent.Failed failed(String vm, long incarnation, long second, VmFailure.Cause cause, Decision next) {
        return new VmEvent.Failed(failure(vm, incarnation, second, cause, Optional.of(next)));
    }

    static VmFailure failure(String vm, long incarnation, long second, VmFailure.Cause cause, Optional<Decision> next) {
        return new VmFailure(
                vm,
                incarnation,
                cause,
                true,
                Optional.empty(),
                List.of("the last line"),
                Optional.of(new VmFailure.Life(Origin.BOOT, at(0), Optional.of(at(1)), at(second))),
                next);
    }

    static VmEvent.Ended ended(String vm, long incarnation, long second, VmEnd.How how) {
        return new VmEvent.Ended(vm, incarnation, at(second), new VmEnd(how, Optional.empty()));
    }
}
