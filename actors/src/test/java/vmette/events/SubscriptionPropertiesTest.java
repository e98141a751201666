package vmette.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import vmette.actors.VmEvent;

/** In whatever order somebody publishes and somebody polls: nothing is lost without being counted, and nothing changes places. */
class SubscriptionPropertiesTest {
    @Property(tries = 2000)
    void whatIsDeliveredAndWhatIsMissedIsWhatWasPublished(
            @ForAll @IntRange(min = 1, max = 5) int capacity, @ForAll @Size(max = 60) List<Boolean> steps) {
        LongAdder missed = new LongAdder();
        AtomicInteger wakes = new AtomicInteger();
        Subscription subscription = Subscription.ofAll(capacity, missed, wakes::incrementAndGet);
        List<VmEvent> polled = new ArrayList<>();
        int published = 0;
        for (boolean publish : steps) {
            if (publish) {
                subscription.offer(Told.launched("vm", published++));
            } else {
                subscription.awake();
                subscription.poll().ifPresent(polled::add);
            }
        }
        subscription.close();
        for (Optional<VmEvent> left = subscription.poll(); left.isPresent(); left = subscription.poll()) {
            polled.add(left.get());
        }
        assertThat(subscription.isOver()).isTrue();
        assertThat(wakes.get()).isPositive();
        long next = 0;
        for (VmEvent event : polled) {
            if (event instanceof VmEvent.Missed gap) {
                assertThat(gap.count()).isPositive();
                next += gap.count();
                assertThat(gap.at()).isEqualTo(Told.at(next - 1));
            } else {
                assertThat(event.at()).isEqualTo(Told.at(next));
                next++;
            }
        }
        assertThat(next).isEqualTo(published);
        assertThat(missed.sum())
                .isEqualTo(polled.stream()
                        .filter(VmEvent.Missed.class::isInstance)
                        .mapToLong(event -> ((VmEvent.Missed) event).count())
                        .sum());
    }
}
