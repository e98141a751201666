package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class VmRegistryTest extends VmFixture {
    private ActorRef<VmRegistry.Command> registry;

    @BeforeEach
    void spawnRegistry() {
        registry = kit.spawn(VmRegistry.create(settings, machines));
    }

    private VmTicket launch(String name) {
        VmTicket ticket = ticket(name, VmSpec.builder().build());
        registry.tell(new VmRegistry.Launch(ticket, RecoveryPolicy.giveUp(), Optional.empty()));
        return ticket;
    }

    private CommandTicket run(VmTicket ticket, long id) {
        CommandTicket command = CommandTicket.create(id, ExecSpec.of("true"));
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Run(command)));
        return command;
    }

    private void stop(VmTicket ticket) {
        registry.tell(new VmRegistry.Tell(ticket, new VmSupervisor.Stop()));
    }

    private Set<String> names() {
        TestProbe<Set<String>> probe = kit.createTestProbe();
        registry.tell(new VmRegistry.List(probe.ref()));
        return probe.receiveMessage(Duration.ofSeconds(30));
    }

    @Test
    void knowsItsVmsByName() {
        launch("a");
        launch("b");
        assertThat(names()).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aMachineThatIsBeingMadeAlreadyIsTakenOver() {
        FakeMachine begun = new FakeMachine();
        VmTicket ticket = ticket("a", VmSpec.builder().build());
        registry.tell(new VmRegistry.Launch(
                ticket, RecoveryPolicy.giveUp(), Optional.of(CompletableFuture.completedStage(begun))));
        FakeAgent.boot(begun);
        Await.value(ticket.ready());
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void aNameInUseIsRefusedAndTheMachineBegunForItClosed() {
        VmTicket first = launch("a");
        FakeMachine machine = machines.next();
        FakeMachine begun = new FakeMachine();
        CompletionStage<Machine> making = CompletableFuture.completedStage(begun);
        VmTicket second = ticket("a", VmSpec.builder().build());
        registry.tell(new VmRegistry.Launch(second, RecoveryPolicy.giveUp(), Optional.of(making)));

        assertThat(Await.failure(second.ready()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("a");
        assertThat(Await.value(second.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        Await.value(begun.closeAsked());
        assertThat(machine.isClosed()).isFalse();
        assertThat(first.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void whoWasRefusedANameCannotReachTheVmThatHasIt() {
        VmTicket first = launch("a");
        FakeMachine machine = machines.next();
        FakeAgent agent = FakeAgent.boot(machine);
        VmTicket second = launch("a");
        assertThat(Await.failure(run(second, 1).outcome())).isInstanceOf(VmLostException.class);
        stop(second);
        CommandTicket command = run(first, 1);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
        assertThat(machine.isClosed()).isFalse();
    }

    @Test
    void aNameIsFreeAgainWhenItsVmHasEnded() {
        for (int i = 0; i < 50; i++) {
            VmTicket ticket = launch("a");
            FakeMachine machine = machines.next();
            machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
            Await.value(ticket.ended());
        }
        VmTicket last = launch("a");
        FakeAgent.boot(machines.next());
        Await.value(last.ready());
    }

    @Test
    void aNameIsFreeAgainAfterABugToo() {
        VmTicket ticket = launch("a");
        FakeMachine machine = machines.next();
        machine.capabilities = () -> {
            throw new IllegalStateException("bug");
        };
        FakeAgent.boot(machine);
        assertThat(Await.value(ticket.ended()).how()).isEqualTo(VmEnd.How.FAILED);
        VmTicket again = launch("a");
        FakeAgent.boot(machines.next());
        Await.value(again.ready());
    }

    @Test
    void whatIsAskedOfAVmThatHasEndedFails() {
        VmTicket ticket = launch("a");
        machines.next().exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(ticket.ended());
        assertThat(Await.failure(run(ticket, 1).outcome())).isInstanceOf(VmLostException.class);
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Ping(reply)));
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Find(1, found)));
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(found)).isInstanceOf(VmLostException.class);
    }

    /** Between a supervisor's end and the registry's hearing of it, nobody reads the supervisor's mailbox. */
    @Test
    void whatASupervisorLeftUnreadFails() {
        VmTicket ticket = launch("a");
        FakeMachine machine = machines.next();
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<Void> held = new CompletableFuture<>();
        ticket.ended().thenRun(() -> {
            reached.complete(null);
            held.join();
        });
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(reached);
        CommandTicket command = run(ticket, 1);
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Ping(reply)));
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Find(1, found)));
        names();
        held.complete(null);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(found)).isInstanceOf(VmLostException.class);
    }

    /** A name is launched anew at its VM's end, before that one's supervisor is gone: what follows is the new VM's. */
    @Test
    void whatIsToldToAVmWhoseNameIsNotQuiteFreeReachesIt() {
        VmTicket former = launch("a");
        FakeMachine machine = machines.next();
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<Void> held = new CompletableFuture<>();
        former.ended().thenRun(() -> {
            reached.complete(null);
            held.join();
        });
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(reached);
        VmTicket stopped = launch("a");
        CommandTicket command = run(stopped, 1);
        stop(stopped);
        names();
        assertThat(command.outcome().toCompletableFuture()).isNotDone();
        held.complete(null);
        assertThat(Await.value(stopped.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
    }

    private VmTicket quarantined(FakeMachine machine, VmTicket ticket) {
        machine.closesAtOnce = false;
        machine.processes.add(4711L);
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(machine.closeAsked());
        advanceUntilSettled(ticket.ended(), VmSupervisor.CLOSE_PATIENCE);
        return ticket;
    }

    @Test
    void aNameIsKeptAsLongAsAProcessOfItsVmRemains() {
        VmTicket ticket = launch("a");
        FakeMachine machine = machines.next();
        quarantined(machine, ticket);
        assertThat(Await.failure(launch("a").ready()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("process 4711");
        assertThat(names()).containsExactly("a");
        assertThat(machines.hasBegun()).isFalse();
        machine.finishClose();
        advanceUntil(() -> names().isEmpty());
        launch("a");
        FakeAgent.boot(machines.next());
    }

    @Test
    void aRegistryThatClosesDoesNotWaitForWhatCannotBeEnded() {
        VmTicket first = launch("a");
        quarantined(machines.next(), first);
        VmTicket second = launch("b");
        FakeMachine machine = machines.next();
        machine.closesAtOnce = false;
        registry.tell(new VmRegistry.StopAll());
        Await.value(machine.closeAsked());
        advanceUntilSettled(second.ended(), VmSupervisor.CLOSE_PATIENCE);
        kit.createTestProbe().expectTerminated(registry, Duration.ofSeconds(30));
    }

    @Test
    void stopAllEndsEveryVmAndThenTheRegistry() {
        VmTicket a = launch("a");
        VmTicket b = launch("b");
        FakeMachine first = machines.next();
        FakeMachine second = machines.next();
        second.closesAtOnce = false;
        registry.tell(new VmRegistry.StopAll());
        VmTicket late = launch("c");
        assertThat(Await.failure(late.ready()))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("closing");
        Await.value(late.ended());
        assertThat(machines.hasBegun()).isFalse();
        Await.value(second.closeAsked());
        second.finishClose();
        Await.value(a.ended());
        Await.value(b.ended());
        assertThat(first.isClosed()).isTrue();
        kit.createTestProbe().expectTerminated(registry, Duration.ofSeconds(30));
    }

    @Test
    void anEmptyRegistryStopsAtOnce() {
        registry.tell(new VmRegistry.StopAll());
        kit.createTestProbe().expectTerminated(registry, Duration.ofSeconds(30));
    }
}
