package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.VmSpec;
import vmette.errors.GuestConnectException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.guest.protocol.AgentFrame;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class ForwardingTest extends VmFixture {
    private static final int ECONNREFUSED = 111;
    private static final int ECONNRESET = 104;

    private FakeMachine machine;
    private FakeAgent agent;
    private long lastId;

    @BeforeEach
    void bootVm() {
        launch();
        machine = machines.next();
    }

    private void ready() {
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    private ForwardTicket ask(int port) {
        ForwardTicket ticket = ForwardTicket.create(++lastId, port);
        supervisor.tell(new VmRequest.Forward(ticket));
        return ticket;
    }

    private void heard(ForwardTicket ticket) {
        FakeAgent.Body body = agent.hear(FakeAgent.FORWARD);
        assertThat(body.u64()).isEqualTo(ticket.id());
        body.skip(16);
        assertThat(body.u16()).isEqualTo(ticket.port());
    }

    private long idHeard() {
        return agent.hear(FakeAgent.FORWARD).u64();
    }

    private void heardGivenUp(ForwardTicket ticket) {
        FakeAgent.Body body = agent.hear(FakeAgent.FORWARD);
        assertThat(body.u64()).isEqualTo(ticket.id());
        assertThat(body.skip(16).u16()).isZero();
    }

    private ForwardTicket standing() {
        ready();
        ForwardTicket ticket = ask(80);
        heard(ticket);
        agent.say(new AgentFrame.Forwarded(ticket.id(), 0));
        Await.value(ticket.connected());
        return ticket;
    }

    @Test
    void theAgentIsAskedAndItsYesIsTold() {
        ForwardTicket ticket = standing();
        assertThat(ticket.lost().toCompletableFuture()).isNotDone();
        byte[] opening = ticket.opening();
        assertThat(opening).hasSize(29);
        assertThat(opening[12]).isEqualTo((byte) 3);
    }

    @ParameterizedTest
    @CsvSource({
        "111,nobody listens on TCP port 8080 of the guest of VM probe",
        "110,does not answer",
        "11,as many forwarded connections as it takes",
        "1,EPERM",
        "4000,errno 4000"
    })
    void aNoSaysWhatItMeans(int errno, String text) {
        ready();
        ForwardTicket ticket = ask(8080);
        heard(ticket);
        agent.say(new AgentFrame.Forwarded(ticket.id(), errno));
        assertThat(Await.failure(ticket.connected()))
                .isInstanceOfSatisfying(GuestConnectException.class, failure -> assertThat(failure.errno())
                        .isEqualTo(errno))
                .hasMessageContaining(text);
    }

    @Test
    void oneThatIsLostInTheGuestIsLost() {
        ForwardTicket ticket = standing();
        agent.say(new AgentFrame.Forwarded(ticket.id(), 0), new AgentFrame.Forwarded(ticket.id(), ECONNRESET));
        assertThat(Await.value(ticket.lost()))
                .isInstanceOf(VsockResetException.class)
                .hasMessageContaining("ECONNRESET");
    }

    @Test
    void wordsOfForwardsThatNobodyKnowsAreNothing() {
        ready();
        agent.say(new AgentFrame.Forwarded(77, 0), new AgentFrame.Forwarded(-1, ECONNREFUSED));
        ForwardTicket ticket = ask(80);
        heard(ticket);
        agent.say(new AgentFrame.Forwarded(ticket.id(), 0), new AgentFrame.Started(ticket.id(), 4));
        Await.value(ticket.connected());
    }

    @Test
    void anAgentThatDoesNotAnswerIsNotWaitedForForEver() {
        ready();
        ForwardTicket ticket = ask(80);
        heard(ticket);
        assertThat(advanceUntilSettled(ticket.connected()))
                .isBetween(
                        Duration.ofSeconds(9),
                        settings.forward().connectTimeout().plusSeconds(2));
        assertThat(Await.failure(ticket.connected()))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("vmette.forward.connect-timeout");
        heardGivenUp(ticket);
    }

    @Test
    void aStreamThatEndsBeforeItIsJoinedGivesUp() {
        ready();
        ForwardTicket early = ask(80);
        heard(early);
        early.ended(false);
        heardGivenUp(early);
        assertThat(Await.failure(early.connected())).isInstanceOf(VsockException.class);
        ForwardTicket late = ask(81);
        heard(late);
        agent.say(new AgentFrame.Forwarded(late.id(), 0));
        Await.value(late.connected());
        late.ended(false);
        heardGivenUp(late);
    }

    @Test
    void aStreamThatWasJoinedEndsWithItsDataConnection() {
        ForwardTicket ticket = standing();
        ticket.ended(true);
        // The next frame is the next connection's.
        ForwardTicket other = ask(81);
        heard(other);
    }

    @Test
    void oneAskedForBeforeTheVmIsReadyWaits() {
        ForwardTicket waiting = ask(80);
        ForwardTicket over = ask(81);
        over.ended(false);
        ForwardTicket last = ask(82);
        ready();
        // Each has an actor of its own: they do not wait for each other.
        assertThat(List.of(idHeard(), idHeard())).containsExactlyInAnyOrder(waiting.id(), last.id());
    }

    @Test
    void itsWaitForTheVmIsBounded() {
        ForwardTicket ticket = ask(80);
        assertThat(advanceUntilSettled(ticket.connected()))
                .isGreaterThanOrEqualTo(settings.forward().connectTimeout());
        assertThat(Await.failure(ticket.connected()))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("was not ready within");
    }

    @Test
    void soManyWaitAndNoMore() {
        List<ForwardTicket> waiting = new ArrayList<>();
        for (int i = 0; i < VmSupervisor.STASH; i++) {
            waiting.add(ask(80));
        }
        assertThat(Await.failure(ask(80).connected())).isInstanceOf(VmBusyException.class);
        // One that has given up makes room.
        waiting.get(0).ended(false);
        ForwardTicket next = ask(81);
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.failure(next.connected())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(waiting.get(1).connected())).isInstanceOf(VmLostException.class);
    }

    @Test
    void withTheIncarnationWhatIsAskedForFails() {
        ready();
        ForwardTicket ticket = ask(80);
        heard(ticket);
        machine.exit(VmmExit.Reason.CRASHED, 9, "killed");
        assertThat(Await.failure(ticket.connected())).isInstanceOf(VmLostException.class);
        failure();
    }

    @Test
    void betweenIncarnationsItWaitsForTheNext() {
        launch(VmSpec.builder().build(), restart());
        machine = machines.next();
        ready();
        machine.closesAtOnce = false;
        machine.exit(VmmExit.Reason.CRASHED, 9, "killed");
        Await.value(machine.closeAsked());
        ForwardTicket early = ask(80);
        // The instance may have been told of the end before the supervisor was: it says no then.
        machine.finishClose();
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        if (early.connected().toCompletableFuture().isDone()) {
            assertThat(Await.failure(early.connected())).isInstanceOf(VmLostException.class);
            early = ask(80);
        }
        heard(early);
    }

    @Test
    void howeverManyWantInThereIsRoomForCommands() {
        ready();
        int all = (int) (settings.vsock().vmBudget() / settings.vsock().bufAlloc());
        for (int i = 0; i < all - all / 4; i++) {
            heard(ask(1 + i % 2));
        }
        assertThat(Await.failure(ask(3).connected()))
                .isInstanceOf(VmBusyException.class)
                .hasMessageContaining("192 forwarded connections");
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(command.id(), 42));
        assertThat(Await.value(command.running()).pid()).isEqualTo(42);
    }
}
