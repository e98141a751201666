package vmette.recovery;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;

/** First whether, by mode, table and intensity; then when, by the backoff; then from what, down the ladder. */
record LadderPolicy(RecoverySettings settings) implements RecoveryPolicy {
    @Override
    public Decision decide(Failure failure, RecoveryHistory past, SnapshotsAtHand snapshots, double random) {
        List<String> discard = worn(snapshots);
        Optional<String> refusal = refusal(failure, past);
        if (refusal.isPresent()) {
            return new Decision.GiveUp(refusal.get(), discard);
        }
        boolean ordered = failure.kind().retry() == FailureKind.Retry.ORDERED;
        Duration delay =
                ordered ? Duration.ZERO : Backoff.delay(settings.backoff(), repetitions(failure, past), random);
        if (failure.kind().rung() != Rung.COLD) {
            for (Snapshot snapshot : snapshots.lastGood()) {
                if (!isWorn(snapshot) && !isSuspect(snapshot, failure, past) && !isTooYoung(snapshot, failure, past)) {
                    return new Decision.Restore(snapshot, Rung.LAST_GOOD, delay, discard);
                }
            }
            Optional<Snapshot> golden =
                    snapshots.golden().filter(snapshot -> !isWorn(snapshot) && !isSuspect(snapshot, failure, past));
            if (golden.isPresent()) {
                return new Decision.Restore(golden.get(), Rung.GOLDEN, delay, discard);
            }
        }
        return new Decision.RestartCold(delay, discard);
    }

    /** Why there is no recovery, if there is none. */
    private Optional<String> refusal(Failure failure, RecoveryHistory past) {
        String mode = "vmette.recovery.mode is " + settings.mode().name().toLowerCase(Locale.ROOT);
        switch (failure.kind().retry()) {
            case ORDERED -> {
                return Optional.empty();
            }
            case NEVER -> {
                return Optional.of("another try would end the same way");
            }
            case PERMANENT -> {
                if (settings.mode() != RestartMode.PERMANENT) {
                    return Optional.of(mode);
                }
            }
            case ONCE_READY, FAILURE -> {
                if (settings.mode() == RestartMode.TEMPORARY) {
                    return Optional.of(mode);
                }
                if (failure.kind().retry() == FailureKind.Retry.ONCE_READY && !failure.everReady()) {
                    return Optional.of("it has never been ready");
                }
            }
        }
        long counted = past.recent().stream()
                .filter(earlier -> isWithin(earlier, failure.at()))
                .count();
        return counted < settings.maxRestarts()
                ? Optional.empty()
                : Optional.of("it was recovered " + counted + " times within "
                        + settings.within().toSeconds() + " s already (vmette.recovery.max-restarts, within)");
    }

    private boolean isWithin(Failure earlier, Instant now) {
        return earlier.at().isAfter(now.minus(settings.within()));
    }

    /** Failures right before this one after which the VM did not become stable. */
    private int repetitions(Failure failure, RecoveryHistory past) {
        int count = 0;
        Failure later = failure;
        for (int i = past.recent().size() - 1; i >= 0 && !later.wasStable(settings.stableAfter()); i--) {
            count++;
            later = past.recent().get(i);
        }
        return count;
    }

    private List<String> worn(SnapshotsAtHand snapshots) {
        List<String> worn = new ArrayList<>();
        snapshots.lastGood().stream().filter(this::isWorn).map(Snapshot::id).forEach(worn::add);
        snapshots.golden().filter(this::isWorn).map(Snapshot::id).ifPresent(worn::add);
        return worn.stream().distinct().toList();
    }

    private boolean isWorn(Snapshot snapshot) {
        return snapshot.failedRestores() >= settings.restoreAttempts();
    }

    /** It came up from this one lately and failed before it was stable: the snapshot may hold what made it fail. */
    private boolean isSuspect(Snapshot snapshot, Failure failure, RecoveryHistory past) {
        return spoils(snapshot, failure)
                || past.recent().stream()
                        .filter(earlier -> isWithin(earlier, failure.at()))
                        .anyMatch(earlier -> spoils(snapshot, earlier));
    }

    private boolean spoils(Snapshot snapshot, Failure failure) {
        return failure.restoredFrom().filter(snapshot.id()::equals).isPresent()
                && failure.kind() != FailureKind.RESTORE_FAILED
                && failure.kind().retry() != FailureKind.Retry.ORDERED
                && !failure.wasStable(settings.stableAfter());
    }

    /** The same had happened before it was taken: what made it happen again may be in it. */
    private boolean isTooYoung(Snapshot snapshot, Failure failure, RecoveryHistory past) {
        List<Failure> earlier = past.recent();
        int last = earlier.size();
        Failure first = failure;
        // Of a restore that failed, what it was to recover from counts.
        while (first.kind() == FailureKind.RESTORE_FAILED && last > 0) {
            first = earlier.get(--last);
        }
        FailureKind kind = first.kind();
        return earlier.subList(0, last).stream()
                .anyMatch(each -> each.kind() == kind
                        && isWithin(each, failure.at())
                        && !snapshot.takenAt().isBefore(each.at()));
    }
}
