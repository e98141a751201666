package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ExpiryQueueTest {
    private long now = Long.MAX_VALUE - 50;
    private final ExpiryQueue queue = new ExpiryQueue(() -> now);

    @Property
    void thingsHappenInOrderOfTimeAcrossTheWrapOfTheClock(
            @ForAll @Size(max = 40) List<@IntRange(max = 100) Integer> delays) {
        now = Long.MAX_VALUE - 50;
        ExpiryQueue own = new ExpiryQueue(() -> now);
        List<Integer> happened = new ArrayList<>();
        for (int delay : delays) {
            own.after(Duration.ofNanos(delay), () -> happened.add(delay));
        }
        for (int i = 0; i <= 100; i++) {
            own.runDue();
            int passed = i;
            assertThat(happened)
                    .hasSize((int) delays.stream().filter(d -> d <= passed).count());
            now++;
        }
        assertThat(happened).isSorted();
        assertThat(own.isEmpty()).isTrue();
    }

    @Example
    void whatIsCancelledLeavesAtOnceAndDoesNotHappen() {
        List<String> happened = new ArrayList<>();
        ExpiryTimer.Expiry first = queue.after(Duration.ofNanos(1), () -> happened.add("first"));
        queue.after(Duration.ofNanos(2), () -> happened.add("second"));
        first.cancel();
        assertThat(queue.untilNext()).isEqualTo(OptionalLong.of(2));
        now += 5;
        assertThat(queue.untilNext()).isEqualTo(OptionalLong.of(0));
        assertThat(queue.runDue()).isTrue();
        first.cancel();
        assertThat(happened).containsExactly("second");
        assertThat(queue.untilNext()).isEmpty();
        assertThat(queue.runDue()).isFalse();
    }

    @Example
    void theLongestDelayDoesNotOverflow() {
        queue.after(Duration.ofSeconds(Long.MAX_VALUE), () -> {});
        queue.after(Duration.ofNanos(3), () -> {});
        assertThat(queue.untilNext()).isEqualTo(OptionalLong.of(3));
    }
}
