package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.group.MemberStatus;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockHost;

/** A fleet in a registry, all of it real but the machines. A clock that stands still unless it is moved. */
final class FleetFixture implements AutoCloseable {
    final ActorTestKit kit = ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));
    final ManualTime time = ManualTime.get(kit.system());
    final Machines machines = new Machines();
    final FleetTicket fleet;
    final ActorRef<FleetActor.Command> actor;
    final Map<String, VmTicket> tickets = new ConcurrentHashMap<>();
    volatile Consumer<VmSupervisor.Command> beforeTell = message -> {};

    /** Never two machines of one name. */
    static final class Machines implements MachineFactory {
        final FakeMachineFactory fakes = new FakeMachineFactory();
        final Map<String, FakeMachine> alive = new ConcurrentHashMap<>();
        volatile String overlap = "";

        @Override
        public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
            CompletionStage<Machine> made = fakes.begin(spec, name, beforeBoot);
            FakeMachine next = (FakeMachine) made.toCompletableFuture().join();
            FakeMachine former = alive.put(name, next);
            if (former != null && !(former.isClosed() && former.exited.isDone())) {
                overlap = "two machines of " + name;
            }
            return made;
        }
    }

    FleetFixture(Deployment deployment) {
        RuntimeSettings settings = VmFixture.settings("vmette.liveness.interval = 0s");
        ActorRef<VmRegistry.Command> registry = kit.spawn(VmRegistry.create(settings, machines));
        fleet = FleetTicket.create(deployment);
        actor = kit.spawn(FleetActor.create(fleet, new FleetVms() {
            @Override
            public VmTicket launch(VmPlan plan, UnaryOperator<Supervision> refine) {
                VmTicket vm = VmFixture.ticket(plan.name(), plan.spec());
                tickets.put(plan.name(), vm);
                Supervision supervision = refine.apply(Supervision.by(RecoveryPolicy.of(plan.recovery())));
                registry.tell(new VmRegistry.Launch(vm, supervision, Optional.empty()));
                return vm;
            }

            @Override
            public void tell(VmTicket vm, VmSupervisor.Command message) {
                beforeTell.accept(message);
                registry.tell(new VmRegistry.Tell(vm, message));
            }
        }));
    }

    CompletableFuture<Done> apply(Deployment deployment) {
        return apply(deployment, Set.of());
    }

    CompletableFuture<Done> apply(Deployment deployment, Set<String> again) {
        CompletableFuture<Done> reply = new CompletableFuture<>();
        actor.tell(new FleetActor.Apply(deployment, again, reply));
        return reply;
    }

    CompletableFuture<Done> restart(String name) {
        CompletableFuture<Done> reply = new CompletableFuture<>();
        actor.tell(new FleetActor.RestartMember(name, reply));
        return reply;
    }

    /** The next machine, which is to be this VM's, is made and its agent boots. */
    FakeMachine boot(String name) {
        FakeMachineFactory.Begun begun = machines.fakes.nextBegun();
        assertThat(begun.name()).isEqualTo(name);
        FakeAgent.boot(begun.machine());
        return begun.machine();
    }

    static void crash(FakeMachine machine) {
        machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
    }

    /** Moves the clock, past the grace of what is to end among other things, until something has happened. */
    void advanceUntil(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "did not happen: " + fleet.board().get().members());
            }
            // Takes a tenth of a second, for what the clock does not decide.
            time.timePasses(Duration.ofSeconds(1));
        }
    }

    MemberStatus.State state(String name) {
        return state(fleet.board().get().members(), name).orElseThrow();
    }

    private static Optional<MemberStatus.State> state(List<MemberStatus> members, String name) {
        return members.stream()
                .flatMap(member -> member.name().equals(name)
                        ? Stream.of(member.state())
                        : state(member.children(), name).stream())
                .findFirst();
    }

    /** Takes the fleet down; nothing of it is left. */
    FleetEnd down() {
        actor.tell(new FleetActor.Down());
        advanceUntil(() -> fleet.ending().isDone());
        isGone();
        return Await.value(fleet.ended());
    }

    void isGone() {
        assertThat(machines.overlap).isEmpty();
        assertThat(machines.alive.values()).allMatch(machine -> machine.isClosed() && machine.exited.isDone());
        assertThat(tickets.values()).allMatch(vm -> vm.ending().isDone());
    }

    @Override
    public void close() {
        kit.shutdownTestKit();
    }
}
