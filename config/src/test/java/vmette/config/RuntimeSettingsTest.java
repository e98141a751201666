package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.Status;

class RuntimeSettingsTest {
    private static RuntimeSettings read(String hocon) {
        Config config =
                ConfigFactory.parseString(hocon, ConfigParseOptions.defaults().setOriginDescription("here"));
        return RuntimeSettings.from(
                config.withFallback(ConfigFactory.defaultReference()).resolve());
    }

    @Test
    void referenceConfIsValidAndAgreesWithTheBuilder() {
        RuntimeSettings settings = read("");
        assertThat(settings.vm()).isEqualTo(VmSpec.builder().build());
        assertThat(settings.exec().outputGrace()).isEqualTo(Duration.ofMillis(200));
        assertThat(settings.exec().replayBuffer()).isEqualTo(1 << 20);
        assertThat(settings.vsock().bufAlloc()).isEqualTo(256 * 1024);
        assertThat(settings.qemu().accelerator()).isEqualTo(AcceleratorChoice.AUTO);
        assertThat(settings.runtimeDir()).isEmpty();
        assertThat(settings.recovery())
                .isEqualTo(new RecoverySettings(
                        RestartMode.TEMPORARY,
                        5,
                        Duration.ofMinutes(10),
                        new RecoverySettings.Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1), 0.2),
                        Duration.ofMinutes(1),
                        2));
        assertThat(settings.liveness())
                .isEqualTo(new LivenessSettings(
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(1),
                        5));
    }

    @Test
    void valuesAreTaken() {
        RuntimeSettings settings = read(
                "vmette { cache-dir = /c, qemu.accelerator = tcg, vm { memory = 256, vcpus = 2,"
                        + " env { A = b, N = 3 }, timeout = 5s, kernel = /k,"
                        + " publish = [\"8080:80\", \"0:81\"] }, forward { connect-timeout = 2s, backlog = 9, max-connections = 3 } }");
        assertThat(settings.cacheDir()).isEqualTo(Path.of("/c"));
        assertThat(settings.qemu().accelerator()).isEqualTo(AcceleratorChoice.TCG);
        assertThat(settings.vm().memoryMib()).isEqualTo(256);
        assertThat(settings.vm().env()).containsEntry("A", "b").containsEntry("N", "3");
        assertThat(settings.vm().kernel()).contains(Path.of("/k"));
        assertThat(settings.vm().publish()).containsExactly(new PublishedPort(8080, 80), new PublishedPort(0, 81));
        assertThat(settings.forward()).isEqualTo(new ForwardSettings(Duration.ofSeconds(2), 3, 9));
    }

    @Test
    void recoveryIsTaken() {
        RecoverySettings recovery =
                read("vmette.recovery { mode = Permanent, max-restarts = 0, within = 5s, stable-after = 0s,"
                                + " restore-attempts = 100, backoff { min = 2ms, max = 2ms, jitter = 1 } }")
                        .recovery();
        assertThat(recovery)
                .isEqualTo(new RecoverySettings(
                        RestartMode.PERMANENT,
                        0,
                        Duration.ofSeconds(5),
                        new RecoverySettings.Backoff(Duration.ofMillis(2), Duration.ofMillis(2), 1),
                        Duration.ZERO,
                        100));
        assertThat(recovery.withMode(RestartMode.TRANSIENT).mode()).isEqualTo(RestartMode.TRANSIENT);
    }

    @Test
    void admissionIsTakenAndZeroIsWhatTheHostHas() {
        assertThat(read("").admission())
                .isEqualTo(new AdmissionSettings(OptionalInt.empty(), OptionalLong.empty(), 1000, WhenFull.QUEUE));
        assertThat(read("vmette.admission { starting = 3, memory = 2GiB, queue = 0, when-full = shed }")
                        .admission())
                .isEqualTo(new AdmissionSettings(OptionalInt.of(3), OptionalLong.of(2048), 0, WhenFull.SHED));
    }

    @Test
    void ofALogOneMebibyteIsKeptAndNothingIfSaid() {
        assertThat(read("").log()).isEqualTo(new LogSettings(1 << 20, 256 << 20));
        assertThat(read("vmette.log.keep = 0, vmette.log.budget = 64KiB").log())
                .isEqualTo(new LogSettings(0, 64 << 10));
        assertThat(read("vmette.log.keep = 64MiB").log()).isEqualTo(new LogSettings(64 << 20, 256 << 20));
    }

    @Test
    void livenessIsTakenAndCanBeLeftOut() {
        LivenessSettings liveness =
                read("vmette.liveness { interval = 1s, stopped-after = 0s, dead-after = 2s, hung-after = 3s, most-stretch = 1.5 }")
                        .liveness();
        assertThat(liveness)
                .isEqualTo(new LivenessSettings(
                        Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(2), Duration.ofSeconds(3), 1.5));
        assertThat(liveness.isOn()).isTrue();
        assertThat(read("vmette.liveness.interval = 0s").liveness().isOn()).isFalse();
    }

    @Test
    void aHealthCheckIsTaken() {
        assertThat(read("vmette.vm.health { exec = \"curl -f localhost\" }")
                        .vm()
                        .health())
                .contains(HealthCheck.exec("curl -f localhost"));
        HealthCheck port = HealthCheck.port(80)
                .withInterval(Duration.ofSeconds(1))
                .withTimeout(Duration.ofSeconds(2))
                .withRetries(4)
                .withStartPeriod(Duration.ofSeconds(5));
        RuntimeSettings settings =
                read("vmette.vm.health { port = 80, interval = 1s, timeout = 2s, retries = 4, start-period = 5s }");
        assertThat(settings.vm().health()).contains(port);
        assertThat(settings.vm().toBuilder().build()).isEqualTo(settings.vm());
        assertThat(read("vmette.vm.health { retries = 5 }").vm().health()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vmette.vm.vcpus = 0 | vmette.vm.vcpus = 0 (here: 1) is refused: allowed is a whole number from 1 to 255",
                "vmette.vm.vcpus = many | vmette.vm.vcpus = many",
                "vmette.vm.memory = 1 | at least 64 MiB",
                "vmette.vm.memory = 100000001B | whole number of MiB",
                "vmette.qemu.accelerator = fast | allowed is auto, kvm, tcg",
                "vmette.exec.replay-buffer = 4095 | vmette.exec.replay-buffer = 4095 (here: 1) is refused",
                "vmette.exec.replay-buffer = 65MiB | vmette.exec.replay-buffer",
                "vmette.boot.deadline = 0s | a duration above 0",
                "vmette.boot.deadline = 249d | vmette.boot.deadline = 249d (here: 1) is refused: allowed is at most 248 days",
                "vmette.boot.deadline = soon | vmette.boot.deadline = soon (here: 1)",
                "vmette.boot.dedline = 1s | the nearest one is vmette.boot.deadline",
                "vmette.qemo.binary = x | the nearest one is vmette.qemu",
                "vmette.vm.env { A = [1] } | vmette.vm.env.A",
                "vmette.vm.env { 1A = x } | not beginning with a digit",
                "vmette.vsock.vm-budget = 32KiB | vsock.vm-budget",
                "vmette.events.buffer = 0 | vmette.events.buffer = 0 (here: 1) is refused: allowed is a whole number from 1 to 65536",
                "vmette.metrics.port = 65536 | vmette.metrics.port = 65536 (here: 1) is refused",
                "vmette.vm.publish = 80 | vmette.vm.publish = 80 (here: 1) is refused: allowed is a list of texts",
                "vmette.vm.publish = [x] | vmette.vm.publish (here: 1): publish = x is refused: allowed is HOST:GUEST",
                "vmette.vm.publish = [\"1:2\", \"1:3\"] | publish names the host port 1 twice",
                "vmette.forward.max-connections = 1025 | a whole number from 1 to 1024",
                "vmette.forward.backlog = 0 | a whole number from 1 to 65535",
                "vmette.forward.connect-timeout = 0s | a duration above 0",
                "vmette.forward.conect-timeout = 1s | the nearest one is vmette.forward.connect-timeout",
                "vmette.recovery.mode = always | vmette.recovery.mode = always (here: 1) is refused: allowed is permanent, transient, temporary",
                "vmette.recovery.max-restarts = 101 | a whole number from 0 to 100",
                "vmette.recovery.max-restarts = -1 | a whole number from 0 to 100",
                "vmette.recovery.within = 0s | a duration above 0",
                "vmette.recovery.stable-after = -1s | a duration of 0 or more",
                "vmette.recovery.restore-attempts = 0 | a whole number from 1 to 100",
                "vmette.recovery.backoff.min = 0s | a duration above 0",
                "vmette.recovery.backoff.min = 2m | recovery.backoff.max = 60s is refused: allowed is at least recovery.backoff.min, which is 120s",
                "vmette.recovery.backoff.jitter = 1.1 | vmette.recovery.backoff.jitter = 1.1 (here: 1) is refused: allowed is a number from 0 to 1",
                "vmette.recovery.backoff.jitter = -0.1 | a number from 0 to 1",
                "vmette.recovery.backoff.jitter = some | a number from 0 to 1",
                "vmette.recovery.backof.min = 1s | the nearest one is vmette.recovery.backoff",
                "vmette.liveness.interval = -1s | a duration of 0 or more",
                "vmette.admission.starting = -1 | a whole number from 0 to 10000",
                "vmette.admission.memory = much | vmette.admission.memory",
                "vmette.admission.queue = -1 | a whole number from 0 to 1000000",
                "vmette.admission.when-full = wait | queue, fail, shed",
                "vmette.log.keep = -1 | a size from 0 to 67108864 bytes",
                "vmette.log.keep = 65MiB | a size from 0 to 67108864 bytes",
                "vmette.log.kept = 1MiB | the nearest one is vmette.log.keep",
                "vmette.liveness.stopped-after = -1s | vmette.liveness.stopped-after",
                "vmette.liveness.dead-after = 0s | vmette.liveness.dead-after = 0s (here: 1) is refused: allowed is a duration above 0",
                "vmette.liveness.dead-after = 9s | liveness.dead-after = 9s is refused: allowed is at least two of liveness.interval, which is 5s",
                "vmette.liveness.hung-after = 9s | liveness.hung-after = 9s is refused: allowed is at least two of liveness.interval",
                "vmette.liveness.interval = 16s | liveness.dead-after = 30s is refused",
                "vmette.liveness.interval = 249d | at most 248 days",
                "vmette.liveness.most-stretch = 0.9 | vmette.liveness.most-stretch = 0.9 (here: 1) is refused: allowed is a number from 1 to 100",
                "vmette.liveness.most-stretch = 101 | a number from 1 to 100",
                "vmette.liveness.most-strech = 2 | the nearest one is vmette.liveness.most-stretch",
                "vmette.vm.health { exec = x, port = 1 } | health needs exec, a command line, or port, a port of the guest, and not both",
                "vmette.vm.health { exec = \" \" } | health.exec = ' ' is refused: allowed is a command line",
                "vmette.vm.health.port = 65536 | a whole number from 0 to 65535",
                "vmette.vm.health.interval = 0s | a duration above 0",
                "vmette.vm.health.timeout = 0s | a duration above 0",
                "vmette.vm.health.retries = 0 | a whole number from 1 to 1000",
                "vmette.vm.health.start-period = -1s | a duration of 0 or more",
                "vmette.vm.health.command = x | is not a setting; the nearest one is vmette.vm.health.",
                "vmette.vm = 3 | vmette.vm = 3",
            })
    void aBrokenValueIsRefusedByName(String hocon, String part) {
        assertThatThrownBy(() -> read(hocon))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(part)
                .extracting(e -> ((InvalidConfigException) e).status())
                .isEqualTo(Status.INVALID_CONFIG);
    }
}
