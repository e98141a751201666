package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.fleet.ConfigProblem;
import vmette.config.fleet.DeploymentFile;
import vmette.config.fleet.DeploymentRefusedException;
import vmette.errors.InvalidConfigException;

class PoolPlanTest {
    private static final PoolSettings.Retry RETRY =
            new PoolSettings.Retry(Duration.ofMillis(200), Duration.ofSeconds(30), 0.2);

    private static Config config(String hocon) {
        return ConfigFactory.parseString(hocon, ConfigParseOptions.defaults().setOriginDescription("here"))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
    }

    @Test
    void aPoolThatSaysNothingIsAsReferenceConfHasIt() {
        Map<String, PoolPlan> plans = PoolPlan.all(config("vmette.pools.web {}"));
        assertThat(plans)
                .containsOnlyKeys("web")
                .containsEntry("web", new PoolPlan("web", VmSpec.builder().build(), PoolSettings.of(1, 8)));
        assertThat(PoolSettings.of(1, 8))
                .isEqualTo(new PoolSettings(1, 8, 10, Duration.ofHours(1), 100, Duration.ofSeconds(30), RETRY));
        assertThat(PoolPlan.all(config(""))).isEmpty();
        assertThat(PoolPlan.all(ConfigFactory.empty())).isEmpty();
    }

    @Test
    void whatAPoolSaysGoesOverWhatAllPoolsAndAllVmsHave() {
        PoolPlan web = PoolPlan.all(
                        config(
                                "vmette { vm { memory = 256, vcpus = 2 }, pool { max-age = 5m, queue = 7 }, pools.web { min = 2, max = 4,"
                                        + " refill-rate = 0.5, queue = 0, patience = 1s, retry { min = 1s, max = 1s, jitter = 0 }, vm { vcpus = 3, publish = [\"0:80\"] } } }"))
                .get("web");
        assertThat(web.settings())
                .isEqualTo(new PoolSettings(
                        2,
                        4,
                        0.5,
                        Duration.ofMinutes(5),
                        0,
                        Duration.ofSeconds(1),
                        new PoolSettings.Retry(Duration.ofSeconds(1), Duration.ofSeconds(1), 0)));
        assertThat(web.spec())
                .isEqualTo(
                        VmSpec.builder().memoryMib(256).vcpus(3).publish(0, 80).build());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pools = 3 | vmette.pools = 3 (here: 1) is refused: allowed is pools { NAME { ... } }",
                "pools.web = 3 | vmette.pools.web = 3 (here: 1) is refused: allowed is a section { ... }",
                "pools.web.vm = 3 | vmette.pools.web.vm = 3 (here: 1) is refused: allowed is a section { ... }",
                "pools.web.mim = 3 | vmette.pools.web.mim (here: 1) is not a setting; the nearest one is vmette.pools.web.min",
                "pools.web.vm.memry = 3 | vmette.pools.web.vm.memry (here: 1) is not a setting; the nearest one is vmette.pools.web.vm.memory",
                "pools.web.vm.memory = 3 | vmette.pools.web.vm.memory = 3 (here: 1) is refused: allowed is MiB",
                "pools.web { min = 3, max = 2 } | vmette.pools.web.min = 3 (here: 1) is refused: allowed is a whole number from 0 to 2",
                "pools.web.max = 0 | vmette.pools.web.max = 0 (here: 1) is refused: allowed is a whole number from 1 to 10000",
                "pools.web.refill-rate = -1 | vmette.pools.web.refill-rate = -1 (here: 1) is refused: allowed is a number from 0 to 1000",
                "pools.web.max-age = 5 | vmette.pools.web.max-age = 5 (here: 1) is refused: allowed is a number with its unit",
                "pools.web.patience = 0s | vmette.pools.web.patience = 0s (here: 1) is refused: allowed is a duration above 0",
                "pools.web.queue = x | vmette.pools.web.queue = x (here: 1) is refused: allowed is a whole number from 0 to 1000000",
                "pools.web.retry { min = 2s, max = 1s } | vmette.pools.web.retry.max = 1s (here: 1) is refused: allowed is at least min, which is 2s",
                "pools.web.retry.jitter = 2 | vmette.pools.web.retry.jitter = 2 (here: 1) is refused: allowed is a number from 0 to 1",
                "pools.web.vm.publish = [\"80:80\"] | vmette.pools.web (here: 1): publish: the VMs of the pool web cannot all have the host port 80: write 0:80",
                "pools.web.vm.disks = [\"/a\"] | vmette.pools.web (here: 1): disks: the VMs of the pool web cannot all have the disk /a: leave it out",
                "pools.\"a b\" {} | vmette.pools.\"a b\" (here: 1): name = a b is refused: allowed is letters",
                "pool.min = 9 | vmette.pool.min = 9 (here: 1) is refused: allowed is a whole number from 0 to 8",
            })
    void aMistakeIsToldWithItsKeyItsPlaceAndWhatIsAllowed(String hocon, String message) {
        assertThatThrownBy(() -> RuntimeSettings.from(config("vmette { " + hocon + " }")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void oneVmMayHaveWhatSeveralCannot() {
        assertThat(PoolPlan.all(config("vmette.pools.web { max = 1, vm { publish = [\"80:80\"], disks = [\"/a\"] } }")))
                .containsKey("web");
    }

    @Test
    void aFilesMistakesAreAllListed(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(
                directory.resolve("pools.conf"),
                "vmette {\n  pools {\n    web {\n      min = 2\n      max = 1\n    }\n    db {\n      refil-rate = 2\n    }\n  }\n}\n");
        assertThatThrownBy(() -> DeploymentFile.read(file))
                .isInstanceOfSatisfying(DeploymentRefusedException.class, refused -> assertThat(
                                refused.problems().stream()
                                        .map(ConfigProblem::toString)
                                        .toList())
                        .hasSize(2)
                        .satisfiesExactly(
                                min -> assertThat(min).startsWith(file + ":4: vmette.pools.web.min = 2 is refused"),
                                rate -> assertThat(rate).startsWith(file + ":8: vmette.pools.db.refil-rate is ")));
    }

    @Test
    void aPlanThatCannotBeIsRefused() {
        PoolSettings settings = PoolSettings.of(1, 2);
        VmSpec named = VmSpec.builder().name("one").build();
        assertThatThrownBy(() -> new PoolPlan("web", named, settings))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("the VMs of the pool web cannot all be one: leave the name out");
        for (Runnable wrong : List.<Runnable>of(
                () -> PoolSettings.of(2, 1),
                () -> PoolSettings.of(0, 0),
                () -> PoolSettings.of(-1, 1),
                () -> settings.withQueue(-1),
                () -> settings.withPatience(Duration.ZERO),
                () -> settings.withMaxAge(Duration.ofSeconds(-1)),
                () -> settings.withRefillPerSecond(Double.NaN),
                () -> new PoolSettings.Retry(Duration.ZERO, Duration.ZERO, 0),
                () -> new PoolSettings.Retry(Duration.ofSeconds(2), Duration.ofSeconds(1), 0),
                () -> new PoolSettings.Retry(Duration.ofSeconds(1), Duration.ofSeconds(1), 2))) {
            assertThatThrownBy(wrong::run)
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("is refused: allowed is");
        }
    }
}
