package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;

/** Pools that begin nothing, since nobody wants a VM of theirs. */
class ConfiguredPoolsTest {
    private final ActorSystem<Void> system = ActorSystem.create(
            Behaviors.empty(),
            "pools",
            ConfigFactory.parseString("vmette.pools { a { min = 0, max = 5 }, b { min = 0, vm.memory = 96MiB } }")
                    .withFallback(ConfigFactory.load()));

    @AfterEach
    void terminate() {
        system.terminate();
    }

    private static PoolPlan plan(String name) {
        return new PoolPlan(name, VmSpec.builder().build(), PoolSettings.of(0, 1));
    }

    @Test
    void aRuntimeOpensThoseOfItsConfiguration() {
        Vmette vmette = Vmette.create(system);
        assertThat(vmette.pool("a").orElseThrow().settings().max()).isEqualTo(5);
        assertThat(vmette.pool("b")).isPresent();
        assertThat(vmette.pool("c")).isEmpty();
        vmette.close();
        assertThat(vmette.pool("a")).isEmpty();
        assertThatThrownBy(() -> vmette.pool(plan("d")))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("the runtime is closed: the pool d was not opened");
    }

    @Test
    void oneThatIsGivenItsSettingsOpensNone() {
        try (Vmette vmette =
                Vmette.create(system, RuntimeSettings.from(system.settings().config()))) {
            assertThat(vmette.pool("a")).isEmpty();
        }
    }

    @Test
    void twoOfOneNameAreRefusedUntilTheFirstIsClosed() {
        try (Vmette vmette = Vmette.create(system)) {
            assertThatThrownBy(() -> vmette.pool(plan("a")))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("there is a pool named a already");
            vmette.pool("a").orElseThrow().close().toCompletableFuture().join();
            assertThat(vmette.pool(plan("a")).settings().max()).isEqualTo(1);
        }
    }

    @Test
    void aSnapshotIsNotBuiltByAPool() {
        VmSpec spec = VmSpec.builder().buildSnapshot(Path.of("x")).build();
        assertThatThrownBy(() -> new PoolPlan("a", spec, PoolSettings.of(0, 1)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("build-snapshot: the VMs of the pool a are lent");
    }
}
