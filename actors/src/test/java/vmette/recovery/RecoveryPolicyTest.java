package vmette.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;

class RecoveryPolicyTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Duration READY = Duration.ofSeconds(10);
    private static final RecoverySettings SETTINGS = new RecoverySettings(
            RestartMode.TRANSIENT,
            3,
            Duration.ofMinutes(10),
            new RecoverySettings.Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5), 0.5),
            Duration.ofMinutes(1),
            2);

    private static final Snapshot OLD = new Snapshot("old", NOW.minusSeconds(5000), 0);
    private static final Snapshot NEW = new Snapshot("new", NOW.minusSeconds(50), 0);
    private static final Snapshot GOLDEN = new Snapshot("golden", NOW.minusSeconds(9000), 0);
    private static final SnapshotsAtHand ALL = hand(Optional.of(GOLDEN), NEW, OLD);

    private static SnapshotsAtHand hand(Optional<Snapshot> golden, Snapshot... lastGood) {
        return new SnapshotsAtHand(List.of(lastGood), golden);
    }

    private static Snapshot worn(Snapshot snapshot, int failedRestores) {
        return new Snapshot(snapshot.id(), snapshot.takenAt(), failedRestores);
    }

    private static Failure failure(FailureKind kind, long secondsAgo, Duration readyFor, String from) {
        return new Failure(kind, NOW.minusSeconds(secondsAgo), readyFor, Optional.ofNullable(from), true);
    }

    private static Failure failure(FailureKind kind, long secondsAgo) {
        return failure(kind, secondsAgo, READY, null);
    }

    private static RecoveryHistory past(Failure... failures) {
        RecoveryHistory history = RecoveryHistory.NONE;
        for (Failure failure : failures) {
            history = history.with(failure);
        }
        return history;
    }

    private static Decision decide(RecoverySettings settings, Failure failure, Failure... past) {
        return RecoveryPolicy.of(settings).decide(failure, past(past), ALL, 0);
    }

    private static String from(SnapshotsAtHand snapshots, Failure failure, Failure... past) {
        return word(RecoveryPolicy.of(SETTINGS).decide(failure, past(past), snapshots, 0));
    }

    private static String word(Decision decision) {
        if (decision instanceof Decision.Restore restore) {
            return restore.snapshot().id();
        }
        return decision instanceof Decision.RestartCold ? "cold" : "give up";
    }

    private static Duration delay(Decision decision) {
        return decision instanceof Decision.Restore restore
                ? restore.delay()
                : ((Decision.RestartCold) decision).delay();
    }

    // ---- the table: by kind and mode, with every snapshot at hand

    @ParameterizedTest
    @CsvSource({
        "REFUSED,          give up, give up, give up",
        "NOT_STARTED,      cold,    cold,    give up",
        "BOOT_REFUSED,     cold,    cold,    give up",
        "BOOT_DEADLINE,    cold,    cold,    give up",
        "RESTORE_FAILED,   new,     new,     give up",
        "VMM_EXIT,         new,     new,     give up",
        "QMP_LOST,         new,     new,     give up",
        "GUEST_PANIC,      new,     new,     give up",
        "HUNG,             new,     new,     give up",
        "STOPPED,          new,     new,     give up",
        "DEAD,             new,     new,     give up",
        "OUT_OF_MEMORY,    cold,    cold,    give up",
        "HELPER_LOST,      new,     new,     give up",
        "AGENT_LOST,       new,     new,     give up",
        "DEVICE_BROKEN,    new,     new,     give up",
        "HEALTH_CHECK,     new,     new,     give up",
        "SERVICE,          cold,    cold,    give up",
        "POWERED_OFF,      cold,    give up, give up",
        "OPERATOR_STOP,    give up, give up, give up",
        "OPERATOR_RESTART, cold,    cold,    cold",
        "GROUP_RESTART,    cold,    cold,    cold",
        "PROCESS_REMAINS,  give up, give up, give up",
        "INTERNAL,         cold,    cold,    give up",
    })
    void eachKindHasItsRungInEachMode(FailureKind kind, String permanent, String transientMode, String temporary) {
        Failure failure = failure(kind, 0);
        assertThat(word(decide(SETTINGS.withMode(RestartMode.PERMANENT), failure)))
                .isEqualTo(permanent);
        assertThat(word(decide(SETTINGS.withMode(RestartMode.TRANSIENT), failure)))
                .isEqualTo(transientMode);
        assertThat(word(decide(SETTINGS.withMode(RestartMode.TEMPORARY), failure)))
                .isEqualTo(temporary);
    }

    @Test
    void theTableAboveHasEveryKind() throws NoSuchMethodException {
        String[] rows = RecoveryPolicyTest.class
                .getDeclaredMethod(
                        "eachKindHasItsRungInEachMode", FailureKind.class, String.class, String.class, String.class)
                .getAnnotation(CsvSource.class)
                .value();
        Set<String> listed = Arrays.stream(rows)
                .map(row -> row.substring(0, row.indexOf(',')))
                .collect(Collectors.toUnmodifiableSet());
        assertThat(listed)
                .isEqualTo(Arrays.stream(FailureKind.values()).map(Enum::name).collect(Collectors.toSet()));
    }

    @Test
    void aMachineThatCannotBeMadeIsTriedAgainOnlyIfTheVmHasEverBeenReady() {
        Failure first = new Failure(FailureKind.NOT_STARTED, NOW, Duration.ZERO, Optional.empty(), false);
        assertThat(decide(SETTINGS, first))
                .isInstanceOfSatisfying(Decision.GiveUp.class, given -> assertThat(given.reason())
                        .contains("never been ready"));
    }

    @Test
    void aRefusalSaysWhichSettingItIsFor() {
        assertThat(decide(SETTINGS.withMode(RestartMode.TEMPORARY), failure(FailureKind.HUNG, 0))
                        .text())
                .isEqualTo("given up: vmette.recovery.mode is temporary");
        assertThat(RecoveryPolicy.giveUp().decide(failure(FailureKind.HUNG, 0), past(), ALL, 0))
                .isInstanceOf(Decision.GiveUp.class);
    }

    // ---- the ladder

    @Test
    void withoutSnapshotsTheBootIsWhatIsLeft() {
        assertThat(from(SnapshotsAtHand.NONE, failure(FailureKind.VMM_EXIT, 0))).isEqualTo("cold");
        assertThat(from(hand(Optional.of(GOLDEN)), failure(FailureKind.VMM_EXIT, 0)))
                .isEqualTo("golden");
    }

    @Test
    void aSnapshotFromWhichItFailedAgainIsNotTrusted() {
        Failure again = failure(FailureKind.AGENT_LOST, 0, READY, "new");
        Failure before = failure(FailureKind.GUEST_PANIC, 20);
        assertThat(from(ALL, again, before)).isEqualTo("old");
        Failure third = failure(FailureKind.AGENT_LOST, 0, READY, "old");
        assertThat(from(ALL, third, before, failure(FailureKind.AGENT_LOST, 10, READY, "new")))
                .isEqualTo("golden");
    }

    @Test
    void norAGoldenOne() {
        assertThat(from(
                        ALL,
                        failure(FailureKind.VMM_EXIT, 0, READY, "golden"),
                        failure(FailureKind.VMM_EXIT, 20, READY, "old"),
                        failure(FailureKind.VMM_EXIT, 30, READY, "new")))
                .isEqualTo("cold");
    }

    @Test
    void untilThePeriodHasPassed() {
        Failure longAgo = failure(FailureKind.AGENT_LOST, 600, READY, "new");
        assertThat(from(ALL, failure(FailureKind.HUNG, 0), longAgo)).isEqualTo("new");
    }

    @Test
    void unlessItHadBecomeStable() {
        Failure stable = failure(FailureKind.GUEST_PANIC, 0, Duration.ofMinutes(1), "new");
        assertThat(from(ALL, stable)).isEqualTo("new");
    }

    @Test
    void ofAFailureThatRepeatsASnapshotFromBetweenIsNotTrusted() {
        Failure before = failure(FailureKind.GUEST_PANIC, 60);
        assertThat(from(ALL, failure(FailureKind.GUEST_PANIC, 0), before)).isEqualTo("old");
        assertThat(from(hand(Optional.of(GOLDEN), NEW), failure(FailureKind.GUEST_PANIC, 0), before))
                .isEqualTo("golden");
        assertThat(from(hand(Optional.empty(), NEW), failure(FailureKind.GUEST_PANIC, 0), before))
                .isEqualTo("cold");
        // Another failure says nothing about it.
        assertThat(from(ALL, failure(FailureKind.HUNG, 0), before)).isEqualTo("new");
    }

    @Test
    void aFailedRestoreDoesNotMakeItTrustedAgain() {
        Failure[] past = {failure(FailureKind.GUEST_PANIC, 60), failure(FailureKind.GUEST_PANIC, 10)};
        Failure failed = failure(FailureKind.RESTORE_FAILED, 0, Duration.ZERO, "golden");
        assertThat(from(hand(Optional.of(worn(GOLDEN, 2)), NEW), failed, past)).isEqualTo("cold");
    }

    @Test
    void aFailedRestoreIsTriedAgainUntilTheSnapshotIsDiscarded() {
        Failure failed = failure(FailureKind.RESTORE_FAILED, 0, Duration.ZERO, "new");
        assertThat(from(hand(Optional.of(GOLDEN), worn(NEW, 1), OLD), failed)).isEqualTo("new");

        SnapshotsAtHand twice = hand(Optional.of(worn(GOLDEN, 3)), worn(NEW, 2), OLD);
        Decision decision = RecoveryPolicy.of(SETTINGS).decide(failed, past(), twice, 0);
        assertThat(word(decision)).isEqualTo("old");
        assertThat(decision.discard()).containsExactly("new", "golden");
    }

    @Test
    void whatIsWornIsDiscardedWhateverElseIsDecided() {
        SnapshotsAtHand worn = hand(Optional.empty(), worn(NEW, 2));
        assertThat(RecoveryPolicy.of(SETTINGS)
                        .decide(failure(FailureKind.REFUSED, 0), past(), worn, 0)
                        .discard())
                .containsExactly("new");
    }

    // ---- how often

    @Test
    void soManyWithinThePeriodAndNoMore() {
        Failure now = failure(FailureKind.VMM_EXIT, 0);
        Failure[] three = {
            failure(FailureKind.VMM_EXIT, 599), failure(FailureKind.HUNG, 300), failure(FailureKind.HUNG, 200)
        };
        assertThat(decide(SETTINGS, now, three))
                .isInstanceOfSatisfying(Decision.GiveUp.class, given -> assertThat(given.reason())
                        .contains("3 times within 600 s"));
        three[0] = failure(FailureKind.VMM_EXIT, 600);
        assertThat(word(decide(SETTINGS, now, three))).isEqualTo("new");
    }

    @Test
    void ordersAreNeitherCountedNorRefused() {
        Failure order = failure(FailureKind.OPERATOR_RESTART, 0);
        Failure[] orders = {order, order, order, order};
        assertThat(past(orders).recent()).isEmpty();
        assertThat(past(orders).total()).isEqualTo(4);
        assertThat(word(decide(SETTINGS, failure(FailureKind.HUNG, 0), orders))).isEqualTo("new");
        Failure hung = failure(FailureKind.HUNG, 1);
        Decision decision = decide(SETTINGS, order, hung, hung, hung);
        assertThat(word(decision)).isEqualTo("cold");
        assertThat(delay(decision)).isZero();
    }

    @Test
    void theHistoryIsBounded() {
        RecoveryHistory history = RecoveryHistory.NONE;
        for (int i = 0; i < 1000; i++) {
            history = history.with(failure(FailureKind.HUNG, 1000 - i));
        }
        assertThat(history.recent()).hasSize(RecoveryHistory.KEPT);
        assertThat(history.recent().get(RecoveryHistory.KEPT - 1)).isEqualTo(failure(FailureKind.HUNG, 1));
        assertThat(history.total()).isEqualTo(1000);
    }

    // ---- how long

    @ParameterizedTest
    @CsvSource({
        "0, 0,    0",
        "1, 0,    1000",
        "2, 0,    2000",
        "3, 0,    4000",
        "4, 0,    5000",
        "100, 0,  5000",
        "1, 0.5,  750",
        "4, 0.5,  3750",
    })
    void theFirstIsAtOnceAndEachFurtherWaitsLonger(int repetition, double random, long millis) {
        assertThat(Backoff.delay(SETTINGS.backoff(), repetition, random)).isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void onlyThoseInARowCount() {
        RecoverySettings often = new RecoverySettings(
                RestartMode.TRANSIENT, 100, SETTINGS.within(), SETTINGS.backoff(), SETTINGS.stableAfter(), 2);
        Failure stable = failure(FailureKind.HUNG, 5, Duration.ofMinutes(1), null);
        Failure quick = failure(FailureKind.HUNG, 5);
        assertThat(delay(decide(often, quick))).isZero();
        assertThat(delay(decide(often, quick, quick))).isEqualTo(Duration.ofSeconds(1));
        assertThat(delay(decide(often, quick, quick, quick, stable))).isEqualTo(Duration.ofSeconds(1));
        assertThat(delay(decide(often, stable, quick, quick))).isZero();
    }

    @Test
    void withoutAWaitWhatIsReadyIsStable() {
        RecoverySettings at = new RecoverySettings(
                RestartMode.TRANSIENT, 100, SETTINGS.within(), SETTINGS.backoff(), Duration.ZERO, 2);
        Failure neverReady = failure(FailureKind.BOOT_DEADLINE, 0, Duration.ZERO, null);
        assertThat(delay(decide(at, neverReady, neverReady))).isEqualTo(Duration.ofSeconds(1));
        assertThat(delay(decide(at, failure(FailureKind.HUNG, 0), neverReady))).isZero();
    }
}
