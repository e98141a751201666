package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.config.RestartMode;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.Strategy;
import vmette.errors.GroupFailedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.group.Fleets;
import vmette.group.MemberStatus;
import vmette.group.Reason;
import vmette.stream.Await;

/** A fleet's actor, with real supervisors and fake machines. */
class FleetActorTest {
    private static Deployment three(Strategy strategy, int maxRestarts) {
        return new Fleets()
                .vms("app", "a", "b", "c")
                .group("app", strategy, maxRestarts, "", "a", "b", "c")
                .deployment();
    }

    @Test
    void aGroupComesUpInOrderAndGoesDownInReverse() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(three(Strategy.ONE_FOR_ONE, 3));
            fixture.boot("a");
            FakeMachine b = fixture.boot("b");
            FakeMachine c = fixture.boot("c");
            Await.value(ready);
            assertThat(fixture.state("app")).isEqualTo(MemberStatus.State.READY);
            c.closesAtOnce = false;
            fixture.actor.tell(new FleetActor.Down());
            fixture.advanceUntil(c::isClosed);
            assertThat(b.isClosed()).isFalse();
            c.finishClose();
            fixture.advanceUntil(b::isClosed);
            assertThat(fixture.down()).isEqualTo(new FleetEnd(true, List.of()));
        }
    }

    @Test
    void restForOneKeepsTheTicketsAndLeavesTheFirstAlone() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(three(Strategy.REST_FOR_ONE, 3));
            FakeMachine a = fixture.boot("a");
            FakeMachine b = fixture.boot("b");
            FakeMachine c = fixture.boot("c");
            Await.value(ready);
            VmTicket ofC = fixture.tickets.get("c");
            FleetFixture.crash(b);
            fixture.advanceUntil(c::isClosed);
            fixture.boot("b");
            fixture.boot("c");
            fixture.advanceUntil(() -> fixture.state("app") == MemberStatus.State.READY);
            assertThat(a.isClosed()).isFalse();
            assertThat(fixture.tickets.get("c")).isSameAs(ofC);
            fixture.down();
        }
    }

    @Test
    void aTemporaryOneThatEndsWithItsGroupSaysWhoseFailureItWasAndIsStartedAgainIfWanted() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            Deployment fleet = new Fleets()
                    .vms("app", "a")
                    .vm("job", RestartMode.TEMPORARY, "app")
                    .group("app", Strategy.ONE_FOR_ALL, 3, "", "a", "job")
                    .deployment();
            CompletableFuture<Done> ready = fixture.apply(fleet);
            FakeMachine a = fixture.boot("a");
            fixture.boot("job");
            Await.value(ready);
            VmTicket job = fixture.tickets.get("job");
            FleetFixture.crash(a);
            fixture.advanceUntil(() -> job.ending().isDone());
            VmEnd end = Await.value(job.ended());
            assertThat(end.how()).isEqualTo(VmEnd.How.STOPPED);
            assertThat(end.because().orElseThrow())
                    .startsWith("of its group app: VM a, incarnation 1")
                    .contains("it broke");
            fixture.boot("a");
            fixture.advanceUntil(() -> fixture.state("app") == MemberStatus.State.READY);
            CompletableFuture<Done> again = fixture.apply(fleet, Set.of("job"));
            fixture.boot("job");
            Await.value(again);
            assertThat(fixture.state("job")).isEqualTo(MemberStatus.State.READY);
            fixture.down();
        }
    }

    @Test
    void anEscalationEndsAFleetThatIsNothingElseAndSaysWhy() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(three(Strategy.ONE_FOR_ONE, 0));
            fixture.boot("a");
            FakeMachine b = fixture.boot("b");
            fixture.boot("c");
            Await.value(ready);
            FleetFixture.crash(b);
            fixture.advanceUntil(() -> fixture.fleet.ending().isDone());
            FleetEnd end = Await.value(fixture.fleet.ended());
            assertThat(end.asked()).isFalse();
            Reason reason = end.failures().get(0);
            assertThat(reason.chain())
                    .startsWith(
                            "group app failed, more than 0 restarts within 1m (max-restarts, within), last because VM b")
                    .contains("it broke");
            assertThat(reason.toException())
                    .isInstanceOf(GroupFailedException.class)
                    .hasCauseInstanceOf(VmLostException.class);
            fixture.isGone();
        }
    }

    @Test
    void aVmThatCannotBeLaunchedIsToldWhenTheOthersAreReady() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            fixture.machines.fakes.makesAtOnce = true;
            CompletableFuture<Done> ready = fixture.apply(new Fleets()
                    .vm("job", RestartMode.TEMPORARY, "")
                    .vm("other", RestartMode.TRANSIENT, "")
                    .deployment());
            // Both come up at once, in whatever order.
            for (FakeMachineFactory.Begun begun :
                    List.of(fixture.machines.fakes.nextBegun(), fixture.machines.fakes.nextBegun())) {
                if (begun.name().equals("job")) {
                    FleetFixture.crash(begun.machine());
                } else {
                    FakeAgent.boot(begun.machine());
                }
            }
            assertThat(Await.failure(ready))
                    .hasMessageContaining("VM job did not start")
                    .hasMessageContaining("it broke");
            assertThat(fixture.state("job")).isEqualTo(MemberStatus.State.FAILED);
            assertThat(fixture.state("other")).isEqualTo(MemberStatus.State.READY);
            assertThat(fixture.down().failures()).extracting(Reason::name).containsExactly("job");
        }
    }

    @Test
    void changesAreCarriedOutOneAfterTheOther() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            Deployment one = new Fleets().vm("a", RestartMode.TRANSIENT, "").deployment();
            Deployment two = new Fleets()
                    .vm("a", RestartMode.TRANSIENT, "")
                    .vm("b", RestartMode.TRANSIENT, "")
                    .deployment();
            CompletableFuture<Done> first = fixture.apply(one);
            CompletableFuture<Done> second = fixture.apply(two);
            FakeMachine a = fixture.boot("a");
            Await.value(first);
            FakeMachine b = fixture.boot("b");
            Await.value(second);
            CompletableFuture<Done> third = fixture.apply(one);
            fixture.advanceUntil(third::isDone);
            assertThat(b.isClosed()).isTrue();
            assertThat(a.isClosed()).isFalse();
            assertThat(fixture.fleet.board().get().deployment()).isEqualTo(one);
            fixture.down();
        }
    }

    @Test
    void anOrderedRestartIsAnsweredWhenTheVmIsReadyAgain() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(
                    new Fleets().vm("a", RestartMode.TEMPORARY, "").deployment());
            FakeMachine first = fixture.boot("a");
            Await.value(ready);
            assertThat(Await.failure(fixture.restart("nobody"))).isInstanceOf(InvalidConfigException.class);
            CompletableFuture<Done> again = fixture.restart("a");
            fixture.advanceUntil(first::isClosed);
            assertThat(again).isNotDone();
            fixture.boot("a");
            Await.value(again);
            fixture.down();
        }
    }

    @Test
    void whoWaitsForAFleetThatIsTakenDownIsTold() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(three(Strategy.ONE_FOR_ONE, 3));
            CompletableFuture<Done> next = fixture.apply(Deployment.EMPTY);
            fixture.machines.fakes.next();
            fixture.down();
            assertThat(Await.failure(ready)).isInstanceOf(VmLostException.class);
            assertThat(Await.failure(next)).isInstanceOf(VmLostException.class);
        }
    }

    @Test
    void aBugLeavesNoVmBehind() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            CompletableFuture<Done> ready = fixture.apply(three(Strategy.ONE_FOR_ALL, 3));
            fixture.boot("a");
            FakeMachine b = fixture.boot("b");
            fixture.boot("c");
            Await.value(ready);
            fixture.beforeTell = message -> {
                if (message instanceof VmSupervisor.Hold) {
                    throw new AssertionError("a bug");
                }
            };
            CompletableFuture<Done> waiting = fixture.restart("a");
            fixture.advanceUntil(() -> fixture.fleet.ending().isDone());
            assertThat(Await.value(fixture.fleet.ended()).failures().get(0).chain())
                    .contains("a bug");
            assertThat(Await.failure(waiting)).isInstanceOf(VmLostException.class);
            assertThat(b.isClosed()).isTrue();
            fixture.isGone();
        }
    }

    @Test
    void soDoesTheEndOfItsActorSystem() {
        FleetFixture fixture = new FleetFixture(Deployment.EMPTY);
        CompletableFuture<Done> ready = fixture.apply(three(Strategy.ONE_FOR_ALL, 3));
        fixture.boot("a");
        fixture.boot("b");
        fixture.boot("c");
        Await.value(ready);
        fixture.close();
        Await.value(fixture.fleet.ended());
        fixture.isGone();
    }

    /** Of a fleet that never comes up: who has asked for something may have left long ago. */
    @Test
    void soManyChangesAndRestartsWaitAndNoMore() {
        try (FleetFixture fixture = new FleetFixture(Deployment.EMPTY)) {
            Deployment wanted = three(Strategy.ONE_FOR_ONE, 3);
            List<CompletableFuture<Done>> asked = new ArrayList<>();
            for (int i = 0; i <= FleetActor.CHANGES; i++) {
                asked.add(fixture.apply(wanted));
            }
            assertThat(Await.failure(fixture.apply(wanted)))
                    .isInstanceOf(vmette.errors.VmBusyException.class)
                    .hasMessageContaining("32 changes of it wait already");
            for (int i = 0; i < FleetActor.RESTARTS; i++) {
                asked.add(fixture.restart("c"));
            }
            assertThat(Await.failure(fixture.restart("c")))
                    .isInstanceOf(vmette.errors.VmBusyException.class)
                    .hasMessageContaining("256 callers wait");
            assertThat(asked).noneMatch(CompletableFuture::isDone);
        }
    }
}
