package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.actors.FleetEnd;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.group.MemberStatus;

/** Fleets of real VMs. */
class FleetIT {
    private static final String BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
    private static final RuntimeSettings SETTINGS = RuntimeSettings.from(ConfigFactory.load());

    private static VmPlan plan(String name, Optional<String> group, int memory) {
        return new VmPlan(
                name,
                VmSpec.builder().name(name).memoryMib(memory).build(),
                SETTINGS.recovery().withMode(RestartMode.TRANSIENT),
                group,
                Optional.empty());
    }

    @Test
    void aFlatFleetComesUpAndGoesDown() {
        Deployment two = new Deployment(
                List.of(plan("one", Optional.empty(), 96), plan("two", Optional.empty(), 96)),
                Map.of(),
                List.of("one", "two"));
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(two);
            await(fleet.ready());
            assertThat(fleet.status()).extracting(MemberStatus::state).containsOnly(MemberStatus.State.READY);
            assertThat(Guests.out(vmette, fleet.vm("two").orElseThrow(), "echo hello"))
                    .isEqualTo("hello\n");
            assertThat(await(fleet.down())).isEqualTo(new FleetEnd(true, List.of()));
            assertThat(await(fleet.vm("one").orElseThrow().ended()).failure()).isEmpty();
        }
    }
}
