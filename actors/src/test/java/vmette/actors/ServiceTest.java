package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import vmette.config.HealthCheck;
import vmette.config.RestartMode;
import vmette.config.VmSpec;
import vmette.config.fleet.Service;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.log.LogRing;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.SnapshotShelf;
import vmette.stream.Await;
import vmette.stream.FakeChannel;
import vmette.stream.FakeVsockHost;
import vmette.vmm.VmmExit;

/** A VM that runs something by itself, and what follows when that ends. */
class ServiceTest extends VmFixture {
    private final LogRing log = new LogRing(1000);
    private final TestClock clock = new TestClock();
    private FakeMachine machine;
    private FakeAgent agent;
    private FakeChannel output;
    private long id;

    private void launch(Service service, RestartMode mode, VmSpec spec) {
        vm = VmTicket.create(
                NAME, spec, new VmVsock(NAME), Optional.of(50_123), Optional.of(new VmService(service, mode)), log);
        RecoveryPolicy policy = RecoveryPolicy.of(settings.recovery().withMode(mode));
        Supervision supervision = new Supervision(policy, SnapshotShelf.EMPTY, clock, () -> 0);
        supervisor = kit.spawn(VmSupervisor.create(vm, settings, machines, supervision, Optional.empty()));
        boot();
    }

    private void launch(RestartMode mode) {
        launch(Service.shell("serve"), mode, VmSpec.builder().build());
    }

    private void boot() {
        machine = machines.next();
        agent = FakeAgent.boot(machine);
    }

    /** The service is asked for, and runs. */
    private void starts() {
        FakeAgent.Body exec = agent.hear(FakeAgent.EXEC);
        id = exec.u64();
        agent.say(new AgentFrame.Started(id, 77));
        output = machine.vsock.nextDial().open();
    }

    private void writes(String text) {
        output.deliver(text.getBytes(UTF_8));
    }

    private void ends(AgentFrame.ExitKind kind, int value) {
        output.end();
        output.close();
        agent.say(new AgentFrame.Exited(id, kind, value));
    }

    /** The guest is powered off when the agent is asked to. */
    private void powersOff() {
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
    }

    /** Moves the clock by seconds until something has happened. */
    private void passUntil(BooleanSupplier condition) {
        for (int i = 0; i < 100 && !condition.getAsBoolean(); i++) {
            time.timePasses(Duration.ofSeconds(1));
        }
    }

    private String kept() {
        return Await.value(log.log()
                        .last(Integer.MAX_VALUE)
                        .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system()))
                .utf8String();
    }

    // ---- what its end means

    @ParameterizedTest
    @CsvSource({
        "PERMANENT, EXITED,    0, recovered",
        "PERMANENT, EXITED,    3, recovered",
        "PERMANENT, SIGNALLED, 9, recovered",
        "TRANSIENT, EXITED,    0, completed",
        "TRANSIENT, EXITED,    3, recovered",
        "TRANSIENT, SIGNALLED, 9, recovered",
        "TEMPORARY, EXITED,    0, completed",
        "TEMPORARY, EXITED,    3, failed",
        "TEMPORARY, SIGNALLED, 9, failed",
    })
    void itsEndMeansWhatTheModeSays(RestartMode mode, AgentFrame.ExitKind kind, int value, String follows) {
        launch(mode);
        starts();
        long first = id;
        writes("starting\nno \u001b[31mway\n");
        ends(kind, value);
        powersOff();
        switch (follows) {
            case "recovered" -> {
                boot();
                starts();
                assertThat(id).isNotEqualTo(first);
                assertThat(kept()).endsWith("way\n--- incarnation 2, 2026-01-01T00:00:00Z\n");
                assertThat(vm.ended().toCompletableFuture()).isNotDone();
            }
            case "completed" -> {
                VmEnd end = Await.value(vm.ended());
                assertThat(end.how()).isEqualTo(VmEnd.How.COMPLETED);
                assertThat(end.failure()).isEmpty();
            }
            default ->
                assertThat(failure().cause())
                        .isEqualTo(new VmFailure.ServiceEnded(
                                "'serve'", value, kind == AgentFrame.ExitKind.SIGNALLED, false, "no \\x1b[31mway"));
        }
    }

    @Test
    void aFailureTellsHowItEndedAndWhatItSaidLast() {
        launch(RestartMode.TEMPORARY);
        starts();
        writes("cannot bind\n");
        output.end();
        output.close();
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 1, true));
        powersOff();
        VmFailure failure = failure();
        assertThat(failure.word()).isEqualTo("ServiceEnded(1)");
        assertThat(failure.cause().text())
                .isEqualTo(
                        "its service 'serve' ended with exit status 1, after the guest's OOM killer had ended a process of it;"
                                + " it said last: cannot bind");
        assertThat(failure.toException()).isInstanceOf(VmLostException.class);
    }

    @Test
    void whoWaitsIsToldThatItHasCompleted() {
        launch(RestartMode.TRANSIENT);
        starts();
        ends(AgentFrame.ExitKind.EXITED, 0);
        agent.hear(FakeAgent.SHUTDOWN);
        assertThat(Await.failure(run().outcome())).isInstanceOf(VmLostException.class);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).reason(NAME)).hasMessageContaining("its service has completed");
    }

    @Test
    void aGuestThatDoesNotPowerOffIsEndedAllTheSame() {
        launch(RestartMode.TRANSIENT);
        starts();
        ends(AgentFrame.ExitKind.EXITED, 0);
        agent.hear(FakeAgent.SHUTDOWN);
        advanceUntilSettled(vm.ended());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
    }

    @Test
    void oneThatFailsAtOnceWaitsBetweenTries() {
        launch(RestartMode.TRANSIENT);
        for (int i = 0; i < 2; i++) {
            starts();
            ends(AgentFrame.ExitKind.EXITED, 1);
            powersOff();
            if (i == 0) {
                boot();
            }
        }
        Await.value(machine.closeAsked());
        assertThat(machines.hasBegun()).isFalse();
        for (int i = 0; i < 4; i++) {
            passUntil(machines::hasBegun);
            boot();
            starts();
            ends(AgentFrame.ExitKind.EXITED, 1);
            powersOff();
        }
        assertThat(failure().next().orElseThrow().text()).contains("it was recovered 5 times");
    }

    // ---- what cannot be started

    @ParameterizedTest
    @EnumSource(RestartMode.class)
    void oneThatCannotBeStartedIsAFailure(RestartMode mode) {
        launch(
                new Service(List.of("/srv/serve", "x"), Map.of(), Optional.empty(), Optional.empty()),
                mode,
                VmSpec.builder().build());
        agent.say(new AgentFrame.ExecFailed(agent.hear(FakeAgent.EXEC).u64(), 2, "/srv/serve: No such file"));
        powersOff();
        if (mode == RestartMode.TEMPORARY) {
            assertThat(failure().cause().text())
                    .startsWith("its service '/srv/serve x' could not be started: ")
                    .endsWith("/srv/serve: No such file");
            assertThat(failure().word()).isEqualTo("ServiceNotStarted");
        } else {
            boot();
            starts();
        }
    }

    @Test
    void anImageThatSaysNothingIsNotTriedAgain() {
        launch(Service.ofImage(), RestartMode.PERMANENT, VmSpec.builder().build());
        powersOff();
        assertThat(failure().cause().text())
                .startsWith("its service the image's command could not be started: nothing to run");
    }

    // ---- its output

    @Test
    void itsOutputIsTakenThoughNobodyReadsIt() {
        launch(RestartMode.TRANSIENT);
        starts();
        for (int i = 0; i < 1000; i++) {
            writes("line " + i + "\n");
        }
        assertThat(kept()).hasSize(1000).endsWith("\nline 999\n");
        output.checkContract();
    }

    @Test
    void aDialThatIsNotAnsweredIsRepeated() {
        launch(RestartMode.TRANSIENT);
        id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        machine.vsock.nextDial().refuse();
        FakeVsockHost.Dial second = machine.vsock.nextDial();
        output = second.open();
        writes("hello\n");
        assertThat(kept()).isEqualTo("hello\n");
    }

    @Test
    void theLogEndsWithTheVm() {
        launch(RestartMode.TRANSIENT);
        starts();
        var followed =
                log.log().follow(10).runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system());
        writes("done\n");
        ends(AgentFrame.ExitKind.EXITED, 0);
        powersOff();
        assertThat(Await.value(followed).utf8String()).isEqualTo("done\n");
        assertThat(kept()).isEqualTo("done\n");
    }

    // ---- its owner's commands

    @Test
    void aStopGivesItTimeBeforeTheGuestIsPoweredOff() {
        launch(RestartMode.PERMANENT);
        starts();
        supervisor.tell(new VmSupervisor.Stop());
        FakeAgent.Body term = agent.hear(FakeAgent.SIGNAL);
        assertThat(term.u64()).isEqualTo(id);
        assertThat(term.u32()).isEqualTo(15);
        assertThat(term.u8()).as("its group").isEqualTo(1);
        writes("bye\n");
        ends(AgentFrame.ExitKind.EXITED, 0);
        powersOff();
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.STOPPED));
        assertThat(kept()).isEqualTo("bye\n");
    }

    @Test
    void oneThatDoesNotEndIsKilledAndTheGuestPoweredOff() {
        launch(RestartMode.PERMANENT);
        starts();
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(agent.hear(FakeAgent.SIGNAL).skip(8).u32()).isEqualTo(15);
        int before = agent.channel().writes();
        passUntil(() -> agent.channel().writes() > before);
        assertThat(agent.hear(FakeAgent.SIGNAL).skip(8).u32()).isEqualTo(9);
        int killed = agent.channel().writes();
        passUntil(() -> agent.channel().writes() > killed);
        powersOff();
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.STOPPED));
    }

    @Test
    void aRestartEndsItAsAStopDoesAndBeginsItAgain() {
        launch(RestartMode.TEMPORARY);
        starts();
        supervisor.tell(new VmSupervisor.Restart());
        agent.hear(FakeAgent.SIGNAL);
        ends(AgentFrame.ExitKind.SIGNALLED, 15);
        powersOff();
        boot();
        starts();
        writes("again\n");
        assertThat(kept()).isEqualTo("--- incarnation 2, 2026-01-01T00:00:00Z\nagain\n");
    }

    @Test
    void whatIsAskedWhileAFailureIsClearedAwayWaitsForTheNextIncarnation() {
        launch(RestartMode.TRANSIENT);
        starts();
        ends(AgentFrame.ExitKind.EXITED, 1);
        agent.hear(FakeAgent.SHUTDOWN);
        CommandTicket command = run();
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        boot();
        long first = agent.hear(FakeAgent.EXEC).u64();
        long second = agent.hear(FakeAgent.EXEC).u64();
        assertThat(List.of(first, second)).contains(command.id());
    }

    @Test
    void aTimeoutDoesNotWaitForIt() {
        launch(
                Service.shell("serve"),
                RestartMode.PERMANENT,
                VmSpec.builder().timeout(Duration.ofSeconds(9)).build());
        starts();
        time.timePasses(Duration.ofSeconds(9));
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.TIMED_OUT));
    }

    // ---- beside others

    @Test
    void itsIdIsNobodyElses() {
        launch(
                Service.shell("serve"),
                RestartMode.PERMANENT,
                VmSpec.builder()
                        .health(HealthCheck.exec("check").withInterval(Duration.ofSeconds(1)))
                        .build());
        starts();
        assertThat(id).isGreaterThan((1L << 62) + (1L << 61)).isGreaterThan(run().id());
        agent.hear(FakeAgent.EXEC);
        int before = agent.channel().writes();
        passUntil(() -> agent.channel().writes() > before);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isLessThan((1L << 62) + (1L << 61));
    }

    @Test
    void aVmWithoutOneRunsNothing() {
        launch();
        boot();
        CommandTicket command = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
    }
}
