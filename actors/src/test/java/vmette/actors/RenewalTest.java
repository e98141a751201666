package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;

class RenewalTest {
    private static final Instant START = Instant.parse("2026-11-27T00:00:00Z");
    private static final Duration MINUTES = Duration.ofMinutes(5);

    private Duration passed = Duration.ZERO;
    private final List<HostFrame.Restore> asked = new ArrayList<>();
    private final Renewal renewal = new Renewal(
            InstanceId.random(),
            "web",
            List.of("A=b"),
            () -> START.plus(passed),
            () -> 1234 + passed.toNanos(),
            frame -> asked.add((HostFrame.Restore) frame));

    private Optional<VmRenewal> answeredAfter(Duration time, Duration stepped) {
        passed = passed.plus(time);
        return renewal.onRestored(restored(asked.get(0).instance(), stepped));
    }

    static AgentFrame.Restored restored(InstanceId instance, Duration stepped) {
        Duration step = Duration.ofNanos(7);
        return new AgentFrame.Restored(
                instance,
                START,
                stepped,
                new AgentFrame.RestoreSteps(step, step, step, step, step),
                new AgentFrame.Ready(Duration.ofHours(3), 1 << 27, "6.1-restored"));
    }

    @Test
    void anAnswerInTimeIsTheEndOfIt() {
        passed = Duration.ofSeconds(10);
        renewal.ask();
        VmRenewal renewed = answeredAfter(Renewal.MOST_LATE, MINUTES).orElseThrow();
        assertThat(asked).hasSize(1);
        assertThat(asked.get(0).wall()).isEqualTo(START.plusSeconds(10));
        assertThat(asked.get(0).hostname()).isEqualTo("web");
        assertThat(asked.get(0).environment()).containsExactly("A=b");
        assertThat(renewed.instance()).isEqualTo(asked.get(0).instance());
        assertThat(renewed.stepped()).isEqualTo(MINUTES);
        assertThat(renewed.late()).isEqualTo(Renewal.MOST_LATE);
        assertThat(renewed.attempts()).isEqualTo(1);
    }

    @Test
    void aLateAnswerHasTheTimeSentAgain() {
        renewal.ask();
        Duration slow = Renewal.MOST_LATE.plusNanos(1);
        assertThat(answeredAfter(slow, MINUTES)).isEmpty();
        VmRenewal renewed = answeredAfter(Duration.ofMillis(2), slow).orElseThrow();
        assertThat(asked).hasSize(2);
        assertThat(asked.get(1).wall()).isEqualTo(START.plus(slow));
        assertThat(asked.get(1).instance()).isEqualTo(asked.get(0).instance());
        assertThat(renewed.stepped()).isEqualTo(MINUTES.plus(slow));
        assertThat(renewed.late()).isEqualTo(Duration.ofMillis(2));
        assertThat(renewed.attempts()).isEqualTo(2);
    }

    @Test
    void onAHostThatIsAlwaysSlowTheBestHasToDo() {
        renewal.ask();
        assertThat(answeredAfter(Duration.ofMillis(300), MINUTES)).isEmpty();
        assertThat(answeredAfter(Duration.ofMillis(100), Duration.ZERO)).isEmpty();
        assertThat(answeredAfter(Duration.ofMillis(200), Duration.ZERO)).isEmpty();
        VmRenewal renewed = answeredAfter(Duration.ofMillis(400), Duration.ZERO).orElseThrow();
        assertThat(renewed.late()).isEqualTo(Duration.ofMillis(100));
        assertThat(renewed.attempts()).isEqualTo(Renewal.MOST_ATTEMPTS);
        Set<Entropy> entropies = new HashSet<>();
        asked.forEach(frame -> entropies.add(frame.entropy()));
        assertThat(entropies).hasSize(Renewal.MOST_ATTEMPTS);
    }

    @Test
    void anotherInstancesAnswerIsNone() {
        renewal.ask();
        assertThat(renewal.answers(restored(asked.get(0).instance(), MINUTES))).isTrue();
        assertThat(renewal.answers(restored(InstanceId.random(), MINUTES))).isFalse();
    }
}
