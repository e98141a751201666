package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import vmette.actors.FleetEnd;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;

/** Names are taken before anything starts; a runtime that is closed deploys nothing. */
class FleetNamesTest {
    private static final RuntimeSettings SETTINGS = RuntimeSettings.from(ConfigFactory.load());

    private static Deployment of(String... names) {
        List<VmPlan> plans = Stream.of(names)
                .map(name -> new VmPlan(
                        name,
                        VmSpec.builder().name(name).build(),
                        SETTINGS.recovery(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
        return new Deployment(plans, Map.of(), List.of(names));
    }

    /** One whose actor never comes: nothing is launched. */
    private static Fleet fleet(FleetNames names, Deployment deployment) {
        return new Fleet(
                deployment,
                names,
                (plan, refine) -> {
                    throw new AssertionError("launched " + plan.name());
                },
                (ticket, vms) -> new CompletableFuture<>());
    }

    @Test
    void namesOfVmsAndOfOtherFleetsAreRefusedTogether() {
        FleetNames names = new FleetNames(() -> Stream.of("lone"));
        fleet(names, of("a", "b"));
        assertThatThrownBy(() -> fleet(names, of("b", "c", "lone")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("VMs named b, lone exist already: choose other names, or stop those first;"
                        + " nothing was started or stopped");
        // Nothing of what was refused is kept.
        fleet(names, of("c"));
        assertThatThrownBy(() -> fleet(names, of("a", "b", "c", "lone", "x")))
                .hasMessageContaining("VMs named a, b, c, lone exist");
    }

    @Test
    void aChangeToNamesInUseIsRefusedAndNothingChanges() {
        FleetNames names = new FleetNames(Stream::empty);
        fleet(names, of("a"));
        Fleet second = fleet(names, of("b"));
        CompletionStage<?> applied = second.apply(of("b", "a"));
        assertThatThrownBy(() -> Guests.await(applied))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("VMs named a exist");
        assertThat(second.deployment()).isEqualTo(of("b"));
    }

    @Test
    void aFleetWhoseActorSystemDoesNotStartHasEndedAndItsNamesAreFree() {
        FleetNames names = new FleetNames(Stream::empty);
        Fleet broken = new Fleet(
                of("a"),
                names,
                (plan, refine) -> {
                    throw new AssertionError("launched " + plan.name());
                },
                (ticket, vms) -> CompletableFuture.failedStage(new IllegalStateException("no threads")));
        assertThat(broken.ended().toCompletableFuture()).isCompletedWithValue(new FleetEnd(false, List.of()));
        assertThat(broken.ready().toCompletableFuture()).isCompletedExceptionally();
        fleet(names, of("a"));
    }

    @Test
    void aClosedRuntimeDeploysNothing() {
        Vmette vmette = Vmette.create(SETTINGS);
        vmette.close();
        assertThatThrownBy(() -> vmette.deploy(of("a"))).isInstanceOf(VmLostException.class);
    }

    @Test
    void anEmptyFleetIsReadyAndGoesDown() {
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(Deployment.EMPTY);
            Guests.await(fleet.ready());
            assertThat(fleet.status()).isEmpty();
            assertThat(Guests.await(fleet.down())).isEqualTo(new FleetEnd(true, List.of()));
            assertThat(fleet.restart("a").toCompletableFuture()).failsWithin(Duration.ofSeconds(30));
        }
    }
}
