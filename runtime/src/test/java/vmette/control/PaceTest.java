package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Orders that cost no credit, by a clock that the test turns. */
class PaceTest {
    private final List<Long> pauses = new ArrayList<>();
    private long now = Long.MAX_VALUE - 1000;
    private final Pace pace = new Pace(() -> now, this::pause);

    private void pause(long nanos) {
        pauses.add(nanos);
        now += nanos;
    }

    private void take(int many) {
        for (int i = 0; i < many; i++) {
            pace.take();
        }
    }

    @Test
    void soManyAreTakenAtOnceAndThenOneInEachInterval() {
        take(Pace.AT_ONCE);
        assertThat(pauses).isEmpty();
        take(100);
        assertThat(pauses).hasSize(100).containsOnly(Pace.INTERVAL_NANOS);
    }

    @Test
    void whatIsNotUsedIsNotSavedBeyondThat() {
        take(1);
        now += 1000 * Pace.INTERVAL_NANOS;
        take(Pace.AT_ONCE);
        assertThat(pauses).isEmpty();
        take(1);
        assertThat(pauses).containsExactly(Pace.INTERVAL_NANOS);
        now += 10 * Pace.INTERVAL_NANOS;
        take(11);
        assertThat(pauses).hasSize(2);
    }
}
