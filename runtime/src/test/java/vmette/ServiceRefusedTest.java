package vmette;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Service;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;

/** What a VM cannot run is refused before anything is started. */
class ServiceRefusedTest {
    @Test
    void anImagesCommandNeedsAnImage() {
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.load());
        VmPlan plan = new VmPlan(
                "web",
                VmSpec.builder().name("web").build(),
                settings.recovery(),
                Optional.empty(),
                Optional.of(Service.ofImage()));
        try (Vmette vmette = Vmette.create(settings)) {
            assertThatThrownBy(() -> vmette.launch(plan))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("the VM web is to run what its root's image says, and has no root");
        }
    }
}
