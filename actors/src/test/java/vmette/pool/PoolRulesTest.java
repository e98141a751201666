package vmette.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.PoolSettings;

/** What a pool of 2 to 5 VMs does next. */
class PoolRulesTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final PoolSettings SETTINGS = PoolSettings.of(2, 5);

    private static PoolState state(int ready, int coming, int lent, int ending, int waiting) {
        return new PoolState(
                ready, coming, lent, ending, waiting, false, 0, Instant.MIN, Instant.MIN, Optional.empty());
    }

    private static PoolStep next(PoolState state) {
        return PoolRules.next(state, SETTINGS, NOW);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 0 | 0 | 0 | 0 | Begin | less than min",
                "1 | 0 | 0 | 0 | 0 | Begin | less than min",
                "1 | 1 | 0 | 0 | 0 | Rest  | what is coming counts",
                "2 | 0 | 0 | 0 | 0 | Rest  | min",
                "0 | 0 | 3 | 0 | 0 | Begin | what is lent does not count for min",
                "0 | 0 | 5 | 0 | 0 | Rest  | but for max",
                "0 | 0 | 4 | 1 | 3 | Rest  | and so does what is being stopped",
                "1 | 0 | 0 | 0 | 1 | Hand  | first who waits",
                "0 | 2 | 0 | 0 | 2 | Rest  | one is coming for each who waits",
                "0 | 2 | 0 | 0 | 3 | Begin | more are wanted than min",
                "0 | 2 | 3 | 0 | 3 | Rest  | but never more than max",
                "1 | 0 | 4 | 0 | 0 | Rest  | nor for min",
            })
    void counts(int ready, int coming, int lent, int ending, int waiting, String step, String why) {
        assertThat(next(state(ready, coming, lent, ending, waiting)).getClass().getSimpleName())
                .as(why)
                .isEqualTo(step);
    }

    @Test
    void whatIsTooOldIsNotHandedOut() {
        PoolState old = state(1, 0, 0, 0, 1).expiring(Optional.of(NOW));
        assertThat(next(old)).isEqualTo(new PoolStep.Retire());
        assertThat(next(old.expiring(Optional.of(NOW.plusNanos(1))))).isEqualTo(new PoolStep.Hand());
    }

    @Test
    void itRestsUntilTheFirstIsTooOld() {
        Instant when = NOW.plusSeconds(9);
        assertThat(next(state(2, 0, 0, 0, 0).expiring(Optional.of(when))))
                .isEqualTo(new PoolStep.Rest(Optional.of(when)));
        assertThat(next(state(2, 0, 0, 0, 0))).isEqualTo(new PoolStep.Rest(Optional.empty()));
    }

    @Test
    void oneThatIsClosedOnlyGivesUp() {
        assertThat(next(state(1, 0, 0, 0, 1).close())).isEqualTo(new PoolStep.Retire());
        assertThat(next(state(0, 0, 1, 0, 1).close())).isEqualTo(new PoolStep.Rest(Optional.empty()));
    }

    @Test
    void afterAFailureItWaitsAndThenAsksForOne() {
        PoolSettings settings =
                SETTINGS.withRetry(new PoolSettings.Retry(Duration.ofSeconds(2), Duration.ofSeconds(5), 0.5));
        PoolState failed = state(0, 2, 0, 0, 0).failed(settings, NOW, 0.5);
        assertThat(failed.failures()).isEqualTo(1);
        assertThat(failed.retryAt()).isEqualTo(NOW.plusMillis(1500));
        assertThat(PoolRules.next(failed, settings, NOW))
                .as("one is coming yet")
                .isEqualTo(new PoolStep.Rest(Optional.empty()));
        PoolState both = failed.failed(settings, NOW.plusMillis(1), 0);
        assertThat(both.failures()).as("it was asked for before").isEqualTo(1);
        assertThat(PoolRules.next(both, settings, NOW)).isEqualTo(new PoolStep.Rest(Optional.of(both.retryAt())));
        assertThat(PoolRules.next(both, settings, both.retryAt())).isEqualTo(new PoolStep.Begin());
        PoolState again = both.begun(settings, both.retryAt());
        assertThat(PoolRules.next(again, settings, both.retryAt())).isInstanceOf(PoolStep.Rest.class);
        assertThat(again.failed(settings, NOW.plusSeconds(2), 0).retryAt()).isEqualTo(NOW.plusSeconds(6));
        assertThat(again.came().failures()).isZero();
        assertThat(again.came().retryAt()).isEqualTo(Instant.MIN);
    }

    @ParameterizedTest
    @CsvSource({"1,0,200", "2,0,400", "3,0,800", "9,0,30000", "2147483647,0,30000", "1,0.5,180", "9,0.5,27000"})
    void pausesDoubleUpToTheLongest(int failures, double random, long millis) {
        assertThat(PoolRules.pause(SETTINGS.retry(), failures, random)).isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void aTenthOfWhatMayBeBegunInASecondMayBeSoAtOnce() {
        PoolSettings settings = PoolSettings.of(50, 50).withRefillPerSecond(40);
        PoolState state = state(0, 0, 0, 0, 0);
        int begun = 0;
        while (PoolRules.next(state, settings, NOW) instanceof PoolStep.Begin) {
            state = state.begun(settings, NOW);
            begun++;
        }
        assertThat(begun).isEqualTo(4);
        assertThat(PoolRules.next(state, settings, NOW)).isEqualTo(new PoolStep.Rest(Optional.of(NOW.plusMillis(25))));
    }

    @ParameterizedTest
    @CsvSource({"0,100", "0.5,95"})
    void anAgeIsAtMostWhatIsSaidAndATenthLess(double random, long seconds) {
        assertThat(PoolRules.expiry(SETTINGS.withMaxAge(Duration.ofSeconds(100)), NOW, random))
                .isEqualTo(NOW.plusSeconds(seconds));
        assertThat(PoolRules.expiry(SETTINGS.withMaxAge(Duration.ZERO), NOW, random))
                .isEqualTo(Instant.MAX);
    }
}
