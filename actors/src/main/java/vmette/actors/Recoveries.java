package vmette.actors;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.ForeignSnapshotException;
import vmette.recovery.Decision;
import vmette.recovery.Failure;
import vmette.recovery.RecoveryHistory;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Snapshot;

/** What a supervisor knows of its VM's failures, and its questions to the policy. Not for several threads. */
final class Recoveries {
    private static final Logger LOG = LoggerFactory.getLogger(Recoveries.class);

    private Supervision supervision;
    private RecoveryHistory history = RecoveryHistory.NONE;
    private boolean everReady;

    Recoveries(Supervision supervision) {
        this.supervision = supervision;
    }

    /** From now on. */
    void decideBy(RecoveryPolicy policy) {
        supervision = supervision.withPolicy(policy);
    }

    Instant now() {
        return supervision.clock().instant();
    }

    /** An incarnation has become ready. */
    void ready(Incarnation incarnation) {
        everReady = true;
        incarnation.from().snapshot().map(Snapshot::id).ifPresent(supervision.shelf()::restored);
    }

    /** The failure as it is to be told: one before a restored incarnation was ready is the restore's. */
    VmFailure blamed(VmFailure failure, Incarnation incarnation) {
        VmFailure known = failure.withLife(incarnation.life(now()));
        if (incarnation.wasReady() || incarnation.from().snapshot().isEmpty()) {
            return known;
        }
        String id = incarnation.from().snapshot().get().id();
        if (failure.cause() instanceof VmFailure.NotStarted never
                && never.reason() instanceof ForeignSnapshotException) {
            supervision.shelf().discard(id);
        } else {
            supervision.shelf().restoreFailed(id);
        }
        return known.withCause(new VmFailure.RestoreFailed(id, failure.cause()));
    }

    /** The same with what follows. */
    VmFailure decided(VmFailure failure) {
        VmFailure.Life life = failure.life().orElseThrow();
        Failure known = new Failure(
                failure.kind(),
                life.failed(),
                life.readyFor(),
                life.from().snapshot().map(Snapshot::id),
                everReady);
        Decision decision = ask(failure.vm(), known);
        decision.discard().forEach(supervision.shelf()::discard);
        if (!(decision instanceof Decision.GiveUp)) {
            history = history.with(known);
        }
        return failure.withNext(decision);
    }

    private Decision ask(String vm, Failure failure) {
        try {
            return supervision
                    .policy()
                    .decide(
                            failure,
                            history,
                            supervision.shelf().atHand(),
                            supervision.random().getAsDouble());
        } catch (RuntimeException e) {
            LOG.error("the recovery policy of VM {} failed: the VM is given up", vm, e);
            return new Decision.GiveUp("its recovery policy failed: " + e, List.of());
        }
    }

    /** The failure of a VM whose processes cannot be ended. */
    VmFailure quarantined(Incarnation incarnation, Duration waited) {
        return incarnation
                .remaining(waited)
                .withLife(incarnation.life(now()))
                .withNext(new Decision.GiveUp("an incarnation must not overlap another", List.of()));
    }
}
