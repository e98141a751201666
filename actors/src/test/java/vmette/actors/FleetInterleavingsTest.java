package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.Strategy;
import vmette.group.Fleets;
import vmette.group.MemberStatus;
import vmette.vmm.VmmExit;

/** Real actors, whose machines come up and break at random; {@code GroupTreePropertiesTest} goes through far more of it without them. */
class FleetInterleavingsTest {
    private static final List<Strategy> STRATEGIES = List.of(Strategy.values());
    private static final List<String> VMS = List.of("a", "b", "c", "d", "e");

    private static Deployment deployment(Random random) {
        Strategy outer = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
        Strategy inner = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
        return new Fleets()
                .vms("app", "a", "d")
                .vms("mid", "b", "c")
                .vms("", "e")
                .group("mid", inner, 1 + random.nextInt(3), "app", "b", "c")
                .group("app", outer, 1 + random.nextInt(3), "", "a", "mid", "d")
                .deployment();
    }

    @Property(tries = 6, shrinking = ShrinkingMode.OFF)
    void neverTwoIncarnationsAndAllAreReadyAgainOrGivenUp(@ForAll long seed) {
        Random random = new Random(seed);
        ExecutorService agents = Executors.newCachedThreadPool(FleetInterleavingsTest::daemon);
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(deployment(random));
            for (int i = 0; i < 15; i++) {
                if (random.nextInt(3) > 0) {
                    bootWhatHasBegun(fixture, agents);
                }
                List<FakeMachine> alive = new ArrayList<>(fixture.machines.alive.values());
                alive.removeIf(machine -> machine.exited.isDone());
                if (!alive.isEmpty() && random.nextInt(3) == 0) {
                    FleetFixture.crash(alive.get(random.nextInt(alive.size())));
                }
                fixture.time.timePasses(Duration.ofMillis(random.nextInt(3000)));
            }
            fixture.advanceUntil(() -> {
                bootWhatHasBegun(fixture, agents);
                return fixture.fleet.ending().isDone() || VMS.stream().allMatch(vm -> isAtRest(fixture, vm));
            });
            fixture.advanceUntil(ready::isDone);
            assertThat(fixture.machines.overlap).isEmpty();
            fixture.down();
        } finally {
            agents.shutdownNow();
        }
    }

    private static Thread daemon(Runnable agent) {
        Thread thread = new Thread(agent, "agent");
        thread.setDaemon(true);
        return thread;
    }

    private static boolean isAtRest(FleetFixture fixture, String vm) {
        boolean isOver = fixture.state(vm.equals("e") ? "e" : "app") == MemberStatus.State.FAILED;
        return isOver
                ? fixture.tickets.get(vm) == null
                        || fixture.tickets.get(vm).ending().isDone()
                : fixture.state(vm) == MemberStatus.State.READY;
    }

    /** Each agent has a thread of its own: one whose machine breaks or is told to end meanwhile waits for a dial that never comes. */
    private static void bootWhatHasBegun(FleetFixture fixture, ExecutorService agents) {
        while (fixture.machines.fakes.hasBegun()) {
            FakeMachine machine = fixture.machines.fakes.next();
            agents.execute(() -> {
                try {
                    FakeAgent.boot(machine).hear(FakeAgent.SHUTDOWN);
                    machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
                } catch (AssertionError ignored) {
                    // Its machine is gone, or nobody wanted it to power off for long.
                }
            });
        }
    }
}
