package vmette.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;

/** A VM that fails again and again, and a shelf that keeps what supervisors tell it. */
class RecoveryPropertiesTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** What happens in one incarnation. */
    record Step(
            FailureKind kind, int aliveSeconds, int readySeconds, boolean comesUp, boolean isSaved, double random) {}

    @Provide
    Arbitrary<RecoverySettings> settings() {
        Arbitrary<RecoverySettings.Backoff> backoff = Combinators.combine(
                        Arbitraries.integers().between(1, 20_000),
                        Arbitraries.integers().between(0, 100_000),
                        Arbitraries.doubles().between(0, 1))
                .as((min, more, jitter) ->
                        new RecoverySettings.Backoff(Duration.ofMillis(min), Duration.ofMillis(min + more), jitter));
        return Combinators.combine(
                        Arbitraries.of(RestartMode.class),
                        Arbitraries.oneOf(
                                Arbitraries.integers().between(0, 8),
                                Arbitraries.integers().between(0, RecoverySettings.MOST_RESTARTS)),
                        Arbitraries.integers().between(1, 600),
                        backoff,
                        Arbitraries.integers().between(0, 60),
                        Arbitraries.integers().between(1, 3))
                .as((mode, most, within, wait, stable, attempts) -> new RecoverySettings(
                        mode, most, Duration.ofSeconds(within), wait, Duration.ofSeconds(stable), attempts));
    }

    @Provide
    Arbitrary<List<Step>> lives() {
        return Combinators.combine(
                        Arbitraries.of(FailureKind.class),
                        Arbitraries.integers().between(0, 90),
                        Arbitraries.integers().between(0, 90),
                        Arbitraries.of(true, true, true, false),
                        Arbitraries.of(true, false),
                        Arbitraries.doubles().between(0, true, 1, false))
                .as(Step::new)
                .list()
                .ofMaxSize(300);
    }

    private static final class Vm {
        private final RecoveryPolicy policy;
        private final List<Instant> recoveries = new ArrayList<>();
        private final List<Decision> decisions = new ArrayList<>();
        private final Map<String, Integer> failedRestores = new HashMap<>();
        private final Set<String> discarded = new HashSet<>();
        private final List<Snapshot> saved = new ArrayList<>();
        private RecoveryHistory history = RecoveryHistory.NONE;
        private Optional<String> from = Optional.empty();
        private Instant now = START;

        Vm(RecoverySettings settings) {
            policy = RecoveryPolicy.of(settings);
            saved.add(new Snapshot("golden", START.minusSeconds(1), 0));
        }

        void live(List<Step> steps) {
            boolean goesOn = true;
            for (int i = 0; i < steps.size() && goesOn; i++) {
                goesOn = live(steps.get(i));
            }
        }

        private boolean live(Step step) {
            Duration ready = step.comesUp() ? Duration.ofSeconds(step.readySeconds() + 1) : Duration.ZERO;
            now = now.plusSeconds(step.aliveSeconds()).plus(ready);
            if (step.isSaved() && step.comesUp()) {
                saved.add(0, new Snapshot("s" + saved.size(), now.minusMillis(500), 0));
            }
            FailureKind kind = step.kind();
            if (from.isPresent()) {
                kind = step.comesUp() ? kind : FailureKind.RESTORE_FAILED;
                failedRestores.compute(from.get(), (id, n) -> step.comesUp() ? null : n == null ? 1 : n + 1);
            }
            Failure failure = new Failure(kind, now, ready, from, true);
            Decision decision = policy.decide(failure, history, atHand(), step.random());
            decisions.add(decision);
            discarded.addAll(decision.discard());
            if (decision instanceof Decision.GiveUp) {
                return false;
            }
            if (kind.retry() != FailureKind.Retry.ORDERED) {
                recoveries.add(now);
            }
            history = history.with(failure);
            from = Optional.empty();
            if (decision instanceof Decision.Restore restore) {
                assertThat(discarded).doesNotContain(restore.snapshot().id());
                assertThat(saved)
                        .extracting(Snapshot::id)
                        .contains(restore.snapshot().id());
                from = Optional.of(restore.snapshot().id());
            }
            now = now.plus(delay(decision));
            return true;
        }

        private SnapshotsAtHand atHand() {
            // The shelf goes on offering what was discarded: the policy must not need its help.
            List<Snapshot> all = saved.stream()
                    .map(each -> new Snapshot(each.id(), each.takenAt(), failedRestores.getOrDefault(each.id(), 0)))
                    .toList();
            return new SnapshotsAtHand(all.subList(0, all.size() - 1), Optional.of(all.get(all.size() - 1)));
        }
    }

    private static Duration delay(Decision decision) {
        return decision instanceof Decision.Restore restore
                ? restore.delay()
                : decision instanceof Decision.RestartCold cold ? cold.delay() : Duration.ZERO;
    }

    @Property
    void neverMoreRecoveriesInAnyPeriodThanAllowed(
            @ForAll("settings") RecoverySettings settings, @ForAll("lives") List<Step> steps) {
        Vm vm = new Vm(settings);
        vm.live(steps);
        for (Instant end : vm.recoveries) {
            long within = vm.recoveries.stream()
                    .filter(each -> !each.isAfter(end) && each.isAfter(end.minus(settings.within())))
                    .count();
            assertThat(within).isLessThanOrEqualTo(settings.maxRestarts());
        }
    }

    @Property
    void everyWaitIsWithinItsBounds(@ForAll("settings") RecoverySettings settings, @ForAll("lives") List<Step> steps) {
        Vm vm = new Vm(settings);
        vm.live(steps);
        RecoverySettings.Backoff backoff = settings.backoff();
        Duration least = Duration.ofNanos((long) (backoff.min().toNanos() * (1 - backoff.jitter())));
        for (Decision decision : vm.decisions) {
            Duration delay = delay(decision);
            assertThat(delay).isLessThanOrEqualTo(backoff.max());
            assertThat(delay.isZero() || delay.compareTo(least) >= 0).isTrue();
        }
        vm.decisions.stream().limit(1).forEach(first -> assertThat(delay(first)).isZero());
    }

    @Property
    void waitsGrowAndAreCutAtTheLongest(
            @ForAll("settings") RecoverySettings settings,
            @ForAll @IntRange(min = 1, max = 100_000) int repetition,
            @ForAll @DoubleRange(min = 0, max = 1, maxIncluded = false) double random) {
        Duration delay = Backoff.delay(settings.backoff(), repetition, random);
        assertThat(delay)
                .isBetween(
                        Duration.ofNanos((long) (settings.backoff().min().toNanos()
                                * (1 - settings.backoff().jitter()))),
                        settings.backoff().max());
        assertThat(Backoff.delay(settings.backoff(), repetition + 1, random)).isGreaterThanOrEqualTo(delay);
    }

    /** Checked at each step of {@link Vm}. */
    @Property
    void whatWasDiscardedIsNotChosen(@ForAll("settings") RecoverySettings settings, @ForAll("lives") List<Step> steps) {
        Vm vm = new Vm(settings.withMode(RestartMode.PERMANENT));
        vm.live(steps);
        vm.failedRestores.forEach(
                (id, failures) -> assertThat(failures).isLessThanOrEqualTo(settings.restoreAttempts()));
    }

    @Property
    void theSameInIsTheSameOut(@ForAll("settings") RecoverySettings settings, @ForAll("lives") List<Step> steps) {
        Vm one = new Vm(settings);
        Vm other = new Vm(settings);
        one.live(steps);
        other.live(steps);
        assertThat(one.decisions).isEqualTo(other.decisions);
    }

    /** Nothing is restored twice in a row that did not hold, unless it is the restore itself that is tried again. */
    @Property
    void noSnapshotIsTriedForEver(@ForAll("settings") RecoverySettings settings, @ForAll("lives") List<Step> steps) {
        Vm vm = new Vm(settings);
        vm.live(steps);
        List<Failure> past = vm.history.recent();
        for (int i = 1; i < past.size(); i++) {
            Failure failed = past.get(i - 1);
            Failure next = past.get(i);
            boolean spoilt = failed.restoredFrom().isPresent()
                    && failed.kind() != FailureKind.RESTORE_FAILED
                    && !failed.wasStable(settings.stableAfter());
            if (spoilt) {
                assertThat(next.restoredFrom()).isNotEqualTo(failed.restoredFrom());
            }
        }
    }
}
