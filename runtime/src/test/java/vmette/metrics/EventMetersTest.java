package vmette.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.machine.SaveReport;
import vmette.recovery.Decision;

/** Which failures are which; those that follow from a life are in the test of one. */
class EventMetersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final EventMeters meters = new EventMeters(registry);

    private void failed(VmFailure.Cause cause, Decision next) {
        meters.accept(new VmEvent.Failed(new VmFailure(
                "probe", 1, cause, true, Optional.empty(), List.of(), Optional.empty(), Optional.of(next))));
    }

    private double count(String name) {
        return registry.get(name).counter().count();
    }

    private double failures() {
        return registry.get("vmette.failures").counters().stream()
                .mapToDouble(each -> each.count())
                .sum();
    }

    @Test
    void passivationsAndWakesAreCounted() {
        Duration second = Duration.ofSeconds(1);
        meters.accept(new VmEvent.Passivated("probe", 1, Instant.EPOCH, new SaveReport("/p", second, 1 << 20), second));
        meters.accept(new VmEvent.Passivated("probe", 2, Instant.EPOCH, new SaveReport("/q", second, 1 << 20), second));
        meters.accept(new VmEvent.Woken("probe", 2, Instant.EPOCH, "a command", second, second));
        meters.accept(new VmEvent.NotPassivated("other", 1, Instant.EPOCH, "a share"));
        assertThat(count("vmette.passivations")).isEqualTo(2);
        assertThat(count("vmette.wakes")).isEqualTo(1);
        assertThat(failures()).isZero();
    }

    @Test
    void anOrderedRestartIsNoFailureAndNoRecovery() {
        failed(new VmFailure.OperatorRestart(), new Decision.RestartCold(Duration.ZERO, List.of()));
        assertThat(count("vmette.restarts")).isEqualTo(1);
        assertThat(count("vmette.recoveries")).isZero();
        assertThat(failures()).isZero();
    }

    @Test
    void aFailureThatNothingFollowsIsNoRecovery() {
        VmFailure.Cause cause = new VmFailure.MonitorExited("it broke");
        failed(cause, new Decision.GiveUp("it is enough", List.of()));
        assertThat(failures()).isEqualTo(1);
        assertThat(count("vmette.recoveries")).isZero();
        failed(cause, new Decision.RestartCold(Duration.ZERO, List.of()));
        assertThat(count("vmette.recoveries")).isEqualTo(1);
        assertThat(count("vmette.restarts")).isZero();
    }
}
