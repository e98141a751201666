package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.HealthCheck;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;

/**
 * Something of ours throws, in each kind of actor: nothing is orphaned, whoever waits is told, the others go on. Among what is thrown are errors that
 * Akka takes for fatal.
 */
class ThrowablesTest extends VmFixture {
    private ActorRef<VmRegistry.Command> registry;

    static Stream<Throwable> thrown() {
        return Stream.of(
                new IllegalStateException("bug"),
                new AssertionError("bug"),
                new NoClassDefFoundError("bug"),
                new ExceptionInInitializerError("bug"),
                new StackOverflowError("bug"));
    }

    /** It comes back from nowhere: for where an expression is wanted. */
    private static RuntimeException toss(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) thrown;
    }

    /** A promise that throws when somebody wants to know of its end: the calling actor has it thrown at it. */
    private static final class Trap<T> extends CompletableFuture<T> {
        private final Throwable thrown;
        private int passes;

        Trap(Throwable thrown, int passes) {
            this.thrown = thrown;
            this.passes = passes;
        }

        @Override
        public CompletableFuture<T> whenComplete(BiConsumer<? super T, ? super Throwable> action) {
            if (passes-- > 0) {
                return super.whenComplete(action);
            }
            throw toss(thrown);
        }

        @Override
        public CompletableFuture<Void> thenAccept(Consumer<? super T> action) {
            if (passes-- > 0) {
                return super.thenAccept(action);
            }
            throw toss(thrown);
        }
    }

    @BeforeEach
    void spawnRegistry() {
        registry = kit.spawn(VmRegistry.create(settings, machines));
    }

    private VmTicket launch(String name, RecoveryPolicy policy) {
        return launch(name, policy, Optional.empty());
    }

    private VmTicket launch(String name, RecoveryPolicy policy, Optional<CompletionStage<Machine>> begun) {
        VmTicket ticket = ticket(name, VmSpec.builder().build());
        registry.tell(new VmRegistry.Launch(ticket, policy, begun));
        return ticket;
    }

    private <T extends CompletableFuture<AgentFrame.Pong>> T ping(VmTicket ticket, T reply) {
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Ping(reply)));
        return reply;
    }

    private Set<String> names() {
        TestProbe<Set<String>> probe = kit.createTestProbe();
        registry.tell(new VmRegistry.List(probe.ref()));
        return probe.receiveMessage(Duration.ofSeconds(30));
    }

    /** A VM that has nothing to do with it. */
    private final class Bystander {
        private final VmTicket ticket = ThrowablesTest.this.launch("bystander", RecoveryPolicy.giveUp());
        private final FakeMachine machine = machines.next();
        private final FakeAgent agent = FakeAgent.boot(machine);

        void assertUndisturbed() {
            CompletableFuture<AgentFrame.Pong> reply = ping(ticket, new CompletableFuture<>());
            long nonce = agent.hear(FakeAgent.PING).u64();
            agent.say(new AgentFrame.Pong(nonce, 1, Duration.ofSeconds(1)));
            Await.value(reply);
            assertThat(machine.isClosed()).isFalse();
            assertThat(names()).contains("bystander");
        }
    }

    // ---- an instance

    @ParameterizedTest
    @MethodSource("thrown")
    void anInstanceThatThrowsIsRecovered(Throwable thrown) {
        Bystander bystander = new Bystander();
        VmTicket ticket = launch("a", restart());
        FakeMachine first = machines.next();
        first.closesAtOnce = false;
        first.capabilities = () -> {
            throw toss(thrown);
        };
        FakeAgent.boot(first);
        Await.value(first.closeAsked());
        assertThat(machines.hasBegun()).isFalse();
        first.finishClose();
        FakeAgent agent = FakeAgent.boot(machines.next());
        Await.value(ticket.ready());
        CompletableFuture<AgentFrame.Pong> reply = ping(ticket, new CompletableFuture<>());
        agent.hear(FakeAgent.PING);
        assertThat(reply).isNotDone();
        assertThat(ticket.incarnation().get()).isEqualTo(2);
        bystander.assertUndisturbed();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void orGivenUpWithWhatItThrew(Throwable thrown) {
        Bystander bystander = new Bystander();
        VmTicket ticket = launch("a", RecoveryPolicy.giveUp());
        FakeMachine machine = machines.next();
        machine.capabilities = () -> {
            throw toss(thrown);
        };
        FakeAgent.boot(machine);
        VmFailure failure = Await.value(ticket.ended()).failure().orElseThrow();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Internal(thrown));
        assertThat(machine.isClosed()).isTrue();
        bystander.assertUndisturbed();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void anInstanceThatThrowsBeforeItIsOneIsAFailureToo(Throwable thrown) {
        FakeMachine machine = new FakeMachine();
        Trap<Machine> begun = new Trap<>(thrown, 0);
        begun.complete(machine);
        VmTicket ticket = launch("a", RecoveryPolicy.giveUp(), Optional.of(begun));
        VmFailure failure = Await.value(ticket.ended()).failure().orElseThrow();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Internal(thrown));
        assertThat(machine.isClosed()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void healthChecksThatThrowEndTheIncarnationThatTheyWatch(Throwable thrown) {
        VmTicket ticket =
                ticket("a", VmSpec.builder().health(HealthCheck.exec("true")).build());
        registry.tell(new VmRegistry.Launch(ticket, RecoveryPolicy.giveUp(), Optional.empty()));
        FakeMachine machine = machines.next();
        FakeAgent.boot(machine);
        Await.value(ticket.ready());
        // They ask whether the guest is paused when a check has failed.
        machine.beforeVitals(() -> {
            throw toss(thrown);
        });
        advanceUntilSettled(machine.closeAsked(), Duration.ofSeconds(5));
        VmFailure failure = Await.value(ticket.ended()).failure().orElseThrow();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Internal(thrown));
    }

    // ---- a command

    @ParameterizedTest
    @MethodSource("thrown")
    void aCommandWhoseActorThrowsIsEndedInTheGuestAndItsVmGoesOn(Throwable thrown) {
        VmTicket ticket = launch("a", RecoveryPolicy.giveUp());
        FakeAgent agent = FakeAgent.boot(machines.next());
        CommandTicket command = CommandTicket.create(7, ExecSpec.of("true"));
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Run(command)));
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(7, 4711));
        ActorRef<Execution.Command> actor = Await.value(command.running()).actor();
        agent.channel().beforeWrite(() -> {
            throw toss(thrown);
        });
        actor.tell(new Execution.Signal(GuestSignal.of("HUP"), false));

        assertThat(Await.failure(command.outcome()))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("the command [true] was ended in VM a: a part of vmette failed")
                .hasCause(thrown);
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(7);
        assertThat(signal.u8()).isEqualTo(GuestSignal.KILL.number());
        CompletableFuture<AgentFrame.Pong> reply = ping(ticket, new CompletableFuture<>());
        agent.hear(FakeAgent.PING);
        assertThat(reply).isNotDone();
    }

    // ---- a supervisor

    @ParameterizedTest
    @MethodSource("thrown")
    void aSupervisorThatThrowsEndsItsVmAndSaysSo(Throwable thrown) {
        Bystander bystander = new Bystander();
        VmTicket ticket = launch("a", restart());
        FakeMachine machine = machines.next();
        machine.closesAtOnce = false;
        FakeAgent agent = FakeAgent.boot(machine);
        CommandTicket command = CommandTicket.create(7, ExecSpec.of("true"));
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Run(command)));
        agent.hear(FakeAgent.EXEC);
        Trap<AgentFrame.Pong> reply = ping(ticket, new Trap<>(thrown, 1));

        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        Await.value(machine.closeAsked());
        assertThat(names()).as("its machine is not gone yet").contains("a");
        assertThat(Await.failure(launch("a", RecoveryPolicy.giveUp()).ready()))
                .hasMessageContaining("a VM named a exists already");
        machine.finishClose();
        VmFailure failure = Await.value(ticket.ended()).failure().orElseThrow();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Internal(thrown));
        assertThat(failure.wasReady()).isTrue();
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);

        VmTicket again = launch("a", RecoveryPolicy.giveUp());
        FakeAgent.boot(machines.next());
        Await.value(again.ready());
        bystander.assertUndisturbed();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void aSupervisorThatThrowsBeforeItIsOneSaysSo(Throwable thrown) {
        Bystander bystander = new Bystander();
        if (thrown instanceof Error error) {
            machines.error = error;
        } else {
            machines.failure = (RuntimeException) thrown;
        }
        VmTicket ticket = launch("a", RecoveryPolicy.giveUp());
        VmFailure failure = Await.value(ticket.ended()).failure().orElseThrow();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Internal(thrown));
        assertThat(Await.failure(ticket.ready())).isInstanceOf(StartFailedException.class);
        machines.error = null;
        machines.failure = null;
        VmTicket again = launch("a", RecoveryPolicy.giveUp());
        FakeAgent.boot(machines.next());
        Await.value(again.ready());
        bystander.assertUndisturbed();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whoListensToASupervisorCannotHurtIt(Throwable thrown) {
        List<VmEvent> seen = new CopyOnWriteArrayList<>();
        VmTicket ticket = ticket("a", VmSpec.builder().build());
        Supervision supervision = Supervision.by(restart()).withEvents(event -> {
            seen.add(event);
            throw toss(thrown);
        });
        registry.tell(new VmRegistry.Launch(ticket, supervision, Optional.empty()));
        FakeAgent.boot(machines.next());
        Await.value(ticket.ready());
        registry.tell(new VmRegistry.Tell(ticket, new VmSupervisor.Stop()));
        advanceUntilSettled(ticket.ended());
        assertThat(Await.value(ticket.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(seen).hasSize(5);
    }

    // ---- the registry

    @ParameterizedTest
    @MethodSource("thrown")
    void aRegistryThatThrowsKeepsItsVmsAndTellsWhoAsked(Throwable thrown) {
        Bystander bystander = new Bystander();
        assertThat(Await.failure(ping(bystander.ticket, new Trap<>(thrown, 0))))
                .isInstanceOf(VmLostException.class)
                .hasCause(thrown);
        bystander.assertUndisturbed();

        Trap<Machine> begun = new Trap<>(thrown, 0);
        VmTicket refused = launch("bystander", RecoveryPolicy.giveUp(), Optional.of(begun));
        assertThat(Await.failure(refused.ready())).hasMessageContaining("exists already");
        assertThat(Await.value(refused.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        bystander.assertUndisturbed();
    }

    @Test
    void aNameThatNoActorCanHaveIsRefusedAndTheMachineClosed() {
        Bystander bystander = new Bystander();
        FakeMachine begun = new FakeMachine();
        VmTicket ticket =
                launch("not/a/name", RecoveryPolicy.giveUp(), Optional.of(CompletableFuture.completedStage(begun)));
        assertThat(Await.failure(ticket.ready()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("VM not/a/name was not launched: a part of vmette failed");
        Await.value(ticket.ended());
        Await.value(begun.closeAsked());
        bystander.assertUndisturbed();
    }

    /** Its own end, which nothing above brings about: its VMs end with it. */
    @Test
    void aRegistryThatEndsEndsItsVmsAndSaysThatItAnswersNobody() {
        CompletableFuture<Done> over = new CompletableFuture<>();
        registry = kit.spawn(VmRegistry.create(settings, machines, over));
        VmTicket ticket = launch("a", restart());
        FakeMachine machine = machines.next();
        FakeAgent agent = FakeAgent.boot(machine);
        CommandTicket command = CommandTicket.create(7, ExecSpec.of("true"));
        registry.tell(new VmRegistry.Tell(ticket, new VmRequest.Run(command)));
        agent.hear(FakeAgent.EXEC);
        kit.stop(registry);
        Await.value(over);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(Await.value(ticket.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(machine.isClosed()).isTrue();
    }
}
