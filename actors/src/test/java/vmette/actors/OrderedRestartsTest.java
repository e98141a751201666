package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.stream.Await;
import vmette.vmm.VmmCapabilities;

class OrderedRestartsTest {
    private final OrderedRestarts restarts = new OrderedRestarts("web", 2);
    private final VmReady ready =
            new VmReady("6.1", 1, Duration.ZERO, Duration.ZERO, new VmmCapabilities("tcg", false, false, "a test's"));

    private CompletableFuture<VmReady> ordered(long after) {
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        restarts.add(after, reply);
        return reply;
    }

    /** What was on its way when the restart was ordered is not what was ordered. */
    @Test
    void theIncarnationThatIsToEndDoesNotCount() {
        CompletableFuture<VmReady> first = ordered(1);
        CompletableFuture<VmReady> second = ordered(2);
        restarts.ready(1, ready);
        assertThat(first).isNotDone();
        restarts.ready(2, ready);
        assertThat(first).isCompletedWithValue(ready);
        assertThat(second).isNotDone();
        restarts.ready(3, ready);
        assertThat(second).isCompletedWithValue(ready);
    }

    @Test
    void soManyWaitAndNoMore() {
        List<CompletableFuture<VmReady>> waiting = new ArrayList<>(List.of(ordered(1), ordered(1)));
        CompletableFuture<VmReady> third = new CompletableFuture<>();
        assertThat(restarts.add(1, third)).isFalse();
        assertThat(Await.failure(third)).isInstanceOf(VmBusyException.class).hasMessageContaining("2 callers wait");
        // Whoever does not wait any more has no place.
        waiting.get(0).cancel(false);
        assertThat(restarts.add(1, new CompletableFuture<>())).isTrue();
        restarts.end(new VmLostException("it ended"));
        assertThat(Await.failure(waiting.get(1))).isInstanceOf(VmLostException.class);
    }
}
