package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.actors.FleetActor;
import vmette.actors.FleetTicket;
import vmette.actors.FleetVms;
import vmette.actors.VmEnd;
import vmette.actors.VmSupervisor;
import vmette.actors.VmTicket;
import vmette.actors.VmVsock;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;
import vmette.events.VmEvents;
import vmette.stream.SystemStreams;

/** What a fleet tells its actor, which is played here, and what names it keeps meanwhile. */
class FleetOrdersTest {
    private static final RuntimeSettings SETTINGS = RuntimeSettings.from(ConfigFactory.load());
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final FleetNames names = new FleetNames(Stream::empty);
    private final CompletableFuture<ActorRef<FleetActor.Command>> actor = new CompletableFuture<>();
    private ActorTestKit kit;
    private TestProbe<FleetActor.Command> played;
    private FleetTicket ticket;
    private FleetVms machines;

    @BeforeEach
    void startSystem() {
        kit = ActorTestKit.create();
        played = kit.createTestProbe();
    }

    @AfterEach
    void stopSystem() {
        kit.shutdownTestKit();
    }

    private static Deployment of(String... vms) {
        List<VmPlan> plans = Stream.of(vms)
                .map(name -> new VmPlan(
                        name,
                        VmSpec.builder().name(name).build(),
                        SETTINGS.recovery(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
        return new Deployment(plans, Map.of(), List.of(vms));
    }

    private Fleet fleet(Deployment first) {
        return new Fleet(first, names, (plan, refine) -> handle(plan), (made, vms) -> {
            ticket = made;
            machines = vms;
            return actor;
        });
    }

    /** Of a VM that is told nothing. */
    private static VmHandle handle(VmPlan plan) {
        VmTicket vm = VmTicket.create(plan.name(), plan.spec(), new VmVsock(plan.name()), Optional.empty());
        return new VmHandle(
                vm,
                SETTINGS,
                new CompletableFuture<>(),
                new SystemStreams(new CompletableFuture<>()),
                new VmEvents(1),
                false);
    }

    private FleetActor.Apply nextApply() {
        return played.expectMessageClass(FleetActor.Apply.class, PATIENCE);
    }

    private void finish(FleetActor.Apply apply) {
        ticket.board().set(new FleetTicket.Shown(apply.deployment(), List.of()));
        apply.reply().complete(Done.getInstance());
    }

    private void assertTaken(String name) {
        assertThatThrownBy(() -> names.take(null, List.of(name))).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void whatIsWantedBeforeItsActorIsThereIsToldInItsOrder() {
        Fleet fleet = fleet(of("vm-0"));
        List<Deployment> wanted = new ArrayList<>(List.of(of("vm-0")));
        IntStream.rangeClosed(1, 20).mapToObj(i -> of("vm-" + i)).forEach(deployment -> {
            fleet.apply(deployment);
            wanted.add(deployment);
        });
        fleet.down();
        actor.complete(played.getRef());
        List<Deployment> told = new ArrayList<>();
        wanted.forEach(deployment -> told.add(nextApply().deployment()));
        assertThat(told).isEqualTo(wanted);
        played.expectMessageClass(FleetActor.Down.class, PATIENCE);
    }

    @Test
    void namesAreFreeWhenNeitherWhatIsNorWhatIsToComeHasThem() {
        actor.complete(played.getRef());
        Fleet fleet = fleet(of("a", "b"));
        finish(nextApply());
        fleet.apply(of("a"));
        fleet.apply(of("a", "c"));
        assertTaken("b");

        finish(nextApply());
        assertTaken("a");
        assertTaken("c");
        names.take(null, List.of("b"));
    }

    @Test
    void aFleetThatChangesKeepsNoHandlesOfVmsThatItHadOnce() {
        actor.complete(played.getRef());
        Fleet fleet = fleet(of("a", "b"));
        List<VmTicket> launched = of("a", "b").vms().stream()
                .map(plan -> machines.launch(plan, supervision -> supervision))
                .toList();
        finish(nextApply());
        assertThat(fleet.vm("b")).isPresent();

        fleet.apply(of("a"));
        launched.forEach(vm -> vm.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty())));
        finish(nextApply());
        assertThat(fleet.handled()).containsExactly("a");
        // Its actor may not have heard of the end yet.
        machines.tell(launched.get(1), new VmSupervisor.Stop());
    }
}
