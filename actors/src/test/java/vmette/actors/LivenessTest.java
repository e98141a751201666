package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Vitals;
import vmette.process.ProcessStat;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.SnapshotShelf;
import vmette.stream.Await;

/** A VM that is ready, and is looked at every 5 s: stopped after 5 s, dead after 30, hung after 60. */
class LivenessTest extends VmFixture {
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final long PID = 4711;
    private static final AgentFrame NEWS = new AgentFrame.Pong(1_000_000, 1, Duration.ofSeconds(1));

    private final TestClock clock = new TestClock();
    private FakeMachine machine;
    private FakeAgent agent;
    private long ticks;
    private long payloads;

    @BeforeEach
    void withLiveness() {
        settings = settings("");
        assertThat(settings.liveness().interval()).isEqualTo(INTERVAL);
    }

    private void boot(RecoveryPolicy policy) {
        launch(VmSpec.builder().build(), new Supervision(policy, SnapshotShelf.EMPTY, clock, () -> 0.5));
        bootNext();
    }

    private void bootNext() {
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
        // The supervisor knows of it, too.
        CommandTicket probe = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(probe.id());
        agent.say(new AgentFrame.ExecFailed(probe.id(), 2, "no such file"));
        Await.failure(probe.outcome());
    }

    private void boot() {
        boot(RecoveryPolicy.giveUp());
    }

    private void see(char state, int ticksMore, boolean paused, double load) {
        ticks += ticksMore;
        machine.vitals = new Vitals(Optional.of(new ProcessStat(PID, state, ticks, 1)), paused, payloads, load);
    }

    private void see(char state, int ticksMore) {
        see(state, ticksMore, false, 0);
    }

    /** What was said is in the incarnation's mailbox, and what was to follow from the last look has been seen. */
    private void pass() {
        clock.pass(INTERVAL, prompt);
    }

    /** Another look; gives how often the agent was asked. */
    private int look() {
        pass();
        return fence();
    }

    /** The incarnation has dealt with what it was told before: it passes on a ping, after its own, which has the nonce 0. */
    private int fence() {
        supervisor.tell(new VmRequest.Ping(new CompletableFuture<>()));
        int own = 0;
        while (agent.hear(FakeAgent.PING).u64() == 0) {
            own++;
        }
        return own;
    }

    private void answer() {
        agent.say(new AgentFrame.Pong(0, 17, Duration.ofSeconds(3)));
        fence();
    }

    private void silent(int looks) {
        for (int i = 0; i < looks; i++) {
            look();
        }
    }

    @Test
    void oneQuestionIsAskedAndNoneWhileItIsOwed() {
        boot();
        assertThat(look()).isEqualTo(1);
        assertThat(look()).isZero();
        assertThat(look()).isZero();
        answer();
        assertThat(look()).isEqualTo(1);
        for (int i = 0; i < 30; i++) {
            answer();
            assertThat(look()).isEqualTo(1);
        }
    }

    @Test
    void aGuestThatAnswersNobodyIsHung() {
        boot();
        look();
        for (int i = 0; i < 11; i++) {
            see('R', 400, false, 0.75);
            look();
        }
        pass();
        VmFailure failure = failure();
        assertThat(failure.cause())
                .isEqualTo(new VmFailure.Hung(
                        Duration.ofSeconds(60),
                        "neither an answer of its agent nor a byte of anything else, while its monitor (state R) used 40 s of"
                                + " processor time; 60 s of it count (load 0.8 for each processor of the host),"
                                + " vmette.liveness.hung-after is 60 s"));
        assertThat(failure.word()).isEqualTo("Hung");
        assertThat(failure.toException()).isInstanceOf(VmLostException.class);
    }

    @Test
    void withoutAMonitorToLookAtSilenceIsEnough() {
        boot();
        look();
        silent(11);
        pass();
        assertThat(failure().cause().text())
                .isEqualTo("the guest has given no sign of life for 60 s: neither an answer of its agent nor a byte of"
                        + " anything else; 60 s of it count (load 0.0 for each processor of the host),"
                        + " vmette.liveness.hung-after is 60 s");
    }

    @Test
    void aLoadedHostStretchesThat() {
        boot();
        look();
        for (int i = 0; i < 47; i++) {
            see('R', 10, false, 4);
            look();
        }
        see('R', 10, false, 4);
        pass();
        assertThat(failure().cause()).isInstanceOf(VmFailure.Hung.class);
    }

    @Test
    void aMonitorThatIsStoppedIsEnded() {
        boot();
        see('S', 10);
        look();
        see('T', 0);
        look();
        pass();
        VmFailure failure = failure();
        assertThat(failure.cause()).isEqualTo(new VmFailure.Stopped(PID));
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void aMonitorThatDoesNothingIsDead() {
        boot();
        see('D', 10);
        look();
        silent(6);
        pass();
        assertThat(failure().cause()).isEqualTo(new VmFailure.Dead(PID, Duration.ofSeconds(30)));
    }

    @Test
    void aPausedGuestHasNoDeadline() {
        boot();
        see('S', 10, true, 0);
        silent(100);
        see('T', 0, true, 0);
        silent(10);
        answer();
        assertThat(look()).isOne();
    }

    @Test
    void bytesOfAnyConnectionAreSignsOfLife() {
        boot();
        look();
        for (int i = 0; i < 50; i++) {
            payloads++;
            see('S', 0);
            look();
        }
    }

    @Test
    void anyFrameIsASignOfLife() {
        boot();
        look();
        for (int i = 0; i < 50; i++) {
            agent.say(NEWS);
            look();
        }
    }

    @Test
    void aJvmThatStoodStillCondemnsNobody() {
        boot();
        see('S', 0);
        look();
        look();
        for (int i = 0; i < 4; i++) {
            clock.pass(Duration.ofHours(1));
            look();
        }
        answer();
        assertThat(look()).isOne();
    }

    @Test
    void theNextIncarnationIsLookedAtAnew() {
        boot(restart());
        look();
        see('T', 0);
        look();
        pass();
        bootNext();
        assertThat(look()).isOne();
        see('R', 0);
        silent(5);
        answer();
        assertThat(look()).isOne();
    }

    @Test
    void nobodyLooksWhereItIsOff() {
        settings = settings("vmette.liveness.interval = 0s");
        boot();
        see('T', 0);
        for (int i = 0; i < 100; i++) {
            assertThat(look()).isZero();
        }
    }

    @Test
    void aDeafAgentIsLostOnlyIfItSpeaks() {
        boot();
        look();
        agent.channel().fill();
        fence();
        // Silent altogether: the limit of 30 s is for agents that speak and do not read.
        silent(8);
        long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!vm.ended().toCompletableFuture().isDone()) {
            assertThat(System.nanoTime()).as("it is not lost").isLessThan(last);
            agent.say(NEWS);
            clock.pass(INTERVAL, time);
        }
        assertThat(failure().cause().text()).isEqualTo("the agent has read nothing of what waits for it for 30 s");
    }
}
