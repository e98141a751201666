package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vmette.config.HealthCheck;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Vitals;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.SnapshotShelf;
import vmette.stream.Await;
import vmette.stream.FakeChannel;

/** A VM that is ready, and is checked. Most checks have all the time they want: the test's clock moves until something happens. */
class HealthChecksTest extends VmFixture {
    private static final Duration FOR_EVER = Duration.ofHours(9);
    private static final HealthCheck EXEC =
            HealthCheck.exec("check me").withInterval(Duration.ofSeconds(10)).withTimeout(FOR_EVER);
    private static final HealthCheck PORT =
            HealthCheck.port(8080).withInterval(Duration.ofSeconds(10)).withTimeout(FOR_EVER);
    private static final int REFUSED = 111;

    private final TestClock clock = new TestClock();
    private FakeMachine machine;
    private FakeAgent agent;
    private Duration timeout;

    private void boot(HealthCheck check, RecoveryPolicy policy) {
        timeout = check.timeout();
        launch(VmSpec.builder().health(check).build(), new Supervision(policy, SnapshotShelf.EMPTY, clock, () -> 0.5));
        bootNext();
    }

    private void boot(HealthCheck check) {
        boot(check, RecoveryPolicy.giveUp());
    }

    private void bootNext() {
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    /** Moves the clock until the agent is asked for something of this type; gives the id. */
    private long next(int type) {
        awaitFrame();
        return agent.hear(type).u64();
    }

    /** By steps that are no longer than any time of the checks, and at once where these have all the time they want. */
    private void awaitFrame() {
        int before = agent.channel().writes();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (agent.channel().writes() == before && System.nanoTime() < end) {
            if (timeout.equals(FOR_EVER)) {
                prompt.pass(Duration.ofSeconds(2));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            } else {
                time.timePasses(Duration.ofSeconds(2));
            }
        }
    }

    private void exec(String output, AgentFrame.ExitKind kind, int value) {
        answer(next(FakeAgent.EXEC), output, kind, value);
    }

    private void answer(long id, String output, AgentFrame.ExitKind kind, int value) {
        agent.say(new AgentFrame.Started(id, 77));
        FakeChannel stdout = machine.vsock.nextDial().open();
        if (!output.isEmpty()) {
            stdout.deliver(output.getBytes(UTF_8));
        }
        stdout.end();
        stdout.close();
        agent.say(new AgentFrame.Exited(id, kind, value));
    }

    private void exec(int status) {
        exec("", AgentFrame.ExitKind.EXITED, status);
    }

    private void port(int errno) {
        long id = next(FakeAgent.FORWARD);
        agent.say(new AgentFrame.Forwarded(id, errno));
        if (errno == 0) {
            assertThat(agent.hear(FakeAgent.FORWARD).u64()).as("given up").isEqualTo(id);
        }
    }

    @Test
    void failuresInARowEndTheVm() {
        boot(EXEC);
        exec(1);
        exec("one\n", AgentFrame.ExitKind.SIGNALLED, 11);
        exec("starting\ncannot reach \u001b[31mthe db\n\n", AgentFrame.ExitKind.EXITED, 3);
        VmFailure failure = failure();
        assertThat(failure.cause())
                .isEqualTo(new VmFailure.HealthCheckFailed(
                        "exec = check me", 3, "exit status 3, cannot reach \\x1b[31mthe db"));
        assertThat(failure.toException())
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining(
                        "the health check exec = check me failed 3 times in a row, last with: exit status 3");
    }

    @Test
    void aSuccessEndsTheRow() {
        boot(EXEC);
        for (int i = 0; i < 5; i++) {
            exec(1);
            exec(1);
            exec(0);
        }
        exec(1);
        exec(1);
        exec("", AgentFrame.ExitKind.SIGNALLED, 9);
        assertThat(failure().cause())
                .isEqualTo(new VmFailure.HealthCheckFailed("exec = check me", 3, "signal 9 (KILL)"));
    }

    @Test
    void whatCannotBeRunHasFailed() {
        boot(EXEC.withRetries(1));
        agent.say(new AgentFrame.ExecFailed(next(FakeAgent.EXEC), 2, "no /bin/sh"));
        assertThat(failure().cause().text()).contains("failed 1 times in a row").contains("no /bin/sh");
    }

    @Test
    void aCheckThatTakesTooLongIsKilledAndTheNextOneWaitsForIt() {
        boot(EXEC.withTimeout(Duration.ofSeconds(4)).withRetries(3));
        long id = next(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(id, 77));
        FakeChannel stdout = machine.vsock.nextDial().open();
        FakeAgent.Body signal = signal();
        assertThat(signal.u64()).isEqualTo(id);
        assertThat(signal.u32()).isEqualTo(9);
        assertThat(stdout.wasReset()).isTrue();
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(2));
        assertThat(failure().cause())
                .isEqualTo(new VmFailure.HealthCheckFailed(
                        "exec = check me",
                        3,
                        "the check before, which took too long and was killed, has not ended yet"));
    }

    private FakeAgent.Body signal() {
        awaitFrame();
        return agent.hear(FakeAgent.SIGNAL);
    }

    @Test
    void aCheckThatTookTooLongCountsOnce() {
        boot(EXEC.withTimeout(Duration.ofSeconds(4)).withRetries(1));
        agent.say(new AgentFrame.Started(next(FakeAgent.EXEC), 77));
        machine.vsock.nextDial().open();
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(2));
        assertThat(failure().cause())
                .isEqualTo(new VmFailure.HealthCheckFailed("exec = check me", 1, "it took longer than 4 s"));
    }

    @Test
    void aPortIsHealthyIfItTakesConnections() {
        boot(PORT);
        port(0);
        port(REFUSED);
        port(REFUSED);
        port(0);
        port(REFUSED);
        port(REFUSED);
        port(REFUSED);
        VmFailure.Cause cause = failure().cause();
        assertThat(cause).isInstanceOf(VmFailure.HealthCheckFailed.class);
        assertThat(cause.text())
                .startsWith("the health check port = 8080 failed 3 times in a row")
                .contains("8080 of");
    }

    @Test
    void failuresWithinTheStartPeriodDoNotCount() {
        boot(EXEC.withStartPeriod(Duration.ofHours(1)).withRetries(2));
        for (int i = 0; i < 5; i++) {
            exec(1);
        }
        // The one before has been judged when the next one begins.
        long next = next(FakeAgent.EXEC);
        clock.pass(Duration.ofHours(1));
        answer(next, "", AgentFrame.ExitKind.EXITED, 1);
        exec(1);
        assertThat(failure().cause()).isInstanceOf(VmFailure.HealthCheckFailed.class);
    }

    @Test
    void aVmThatWasHealthyOnceHasStarted() {
        boot(EXEC.withStartPeriod(Duration.ofHours(1)).withRetries(2));
        exec(1);
        exec(0);
        exec(1);
        exec(1);
        assertThat(failure().cause()).isInstanceOf(VmFailure.HealthCheckFailed.class);
    }

    @Test
    void nothingCountsWhileTheVmIsPaused() {
        boot(EXEC.withRetries(1));
        machine.vitals = new Vitals(Optional.empty(), true, 0, 0);
        for (int i = 0; i < 5; i++) {
            exec(1);
        }
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void theNextIncarnationIsCheckedAnew() {
        boot(EXEC.withRetries(2), restart());
        exec(1);
        exec(1);
        bootNext();
        exec(1);
        exec(0);
        exec(1);
        exec(0);
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void commandsOfItsOwnersAreNoneOfItsBusiness() {
        boot(EXEC);
        long check = next(FakeAgent.EXEC);
        CommandTicket command = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id()).isNotEqualTo(check);
    }
}
