package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.InstanceId;
import vmette.machine.GuestSetup;
import vmette.recovery.Decision;
import vmette.recovery.Rung;
import vmette.recovery.Snapshot;
import vmette.rootfs.ImageDefaults;
import vmette.stream.Await;
import vmette.stream.FakeVsockHost;
import vmette.vsock.VsockHost.IncomingRequest;

/** An incarnation whose guest goes on from a snapshot: it is renewed, and only then is anything let in or out. */
class VmRestoreTest extends VmFixture {
    private static final int PORT = 6000;
    private static final Decision RESTORE =
            new Decision.Restore(new Snapshot("s1", Instant.EPOCH, 0), Rung.LAST_GOOD, Duration.ZERO, List.of());

    private final List<IncomingRequest> asked = new CopyOnWriteArrayList<>();
    private FakeMachine machine;
    private FakeAgent agent;

    /** The first incarnation fails, the next one is restored. */
    @BeforeEach
    void restore() {
        machines.restored = new GuestSetup(List.of(), ImageDefaults.NONE, true);
        boolean[] once = new boolean[1];
        launch(VmSpec.builder().env("COLOUR", "blue").build(), (failure, past, snapshots, random) -> {
            boolean first = !once[0];
            once[0] = true;
            return first ? RESTORE : new Decision.GiveUp("that was all", List.of());
        });
        vm.vsock().listen(PORT, 5, asked::add);
        FakeAgent.answer(machines.next()).say(new AgentFrame.Error(AgentFrame.Error.BOOT_FAILED, 0, "not today"));
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).contains("s1");
        machine = begun.machine();
        machine.started.complete(null);
        agent = FakeAgent.answer(machine);
        assertThat(agent.hear(FakeAgent.HELLO).u16()).isEqualTo(GuestProtocol.VERSION);
        agent.say(FakeAgent.GREETING);
    }

    @Test
    void itIsRenewedBeforeAnythingIsLetInOrOut() {
        FakeAgent.Body restore = agent.hear(FakeAgent.RESTORE);
        long sent = restore.u64();
        assertThat(Instant.ofEpochSecond(0, sent)).isBetween(Instant.now().minusSeconds(600), Instant.now());
        assertThat(restore.bytes(Entropy.BYTES)).isNotEqualTo(new byte[Entropy.BYTES]);
        InstanceId instance = InstanceId.of(restore.bytes(InstanceId.BYTES));
        assertThat(restore.str()).isEqualTo(NAME);
        assertThat(restore.strings()).containsExactly("COLOUR=blue", "VMETTE_VSOCK_PORT=50123");

        vm.vsock().connect(7000, Duration.ofMinutes(5), new IgnoringHandler());
        FakeVsockHost.Request request = machine.vsock.request(PORT);
        CommandTicket command = run();
        agent.say(new AgentFrame.Started(9, 77));
        assertThat(machine.vsock.hasDial()).isFalse();
        assertThat(asked).isEmpty();

        int heard = agent.channel().written().length;
        agent.say(RenewalTest.restored(instance, Duration.ofHours(2)));
        VmReady ready = answeringAgain(instance, heard);
        assertThat(ready.kernel()).isEqualTo("6.1-restored");
        VmRenewal renewal = ready.renewal().orElseThrow();
        assertThat(renewal.instance()).isEqualTo(instance);
        assertThat(renewal.stepped()).isGreaterThanOrEqualTo(Duration.ofHours(2));
        assertThat(machine.vsock.nextDial().port()).isEqualTo(7000);
        assertThat(asked).containsExactly(request);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
    }

    /** This host may be so slow that the guest is asked again. */
    private VmReady answeringAgain(InstanceId instance, int alreadyHeard) {
        int heard = alreadyHeard;
        while (true) {
            // In this order: what is said before it is ready is no command.
            boolean said = agent.channel().written().length > heard;
            if (vm.ready().toCompletableFuture().isDone()) {
                return Await.value(vm.ready());
            }
            if (said) {
                agent.hear(FakeAgent.RESTORE);
                heard = agent.channel().written().length;
                agent.say(RenewalTest.restored(instance, Duration.ZERO));
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void anAgentThatCannotDoItIsTheReason() {
        agent.say(new AgentFrame.Error(AgentFrame.Error.RESTORE_FAILED, 1, "cannot set the clock"));
        assertEndsBecause("cannot set the clock");
    }

    @Test
    void aReadyOfABootDoesNotOpenIt() {
        agent.say(FakeAgent.READY);
        assertEndsBecause("has booted and was restored");
    }

    @Test
    void anAnswerToSomebodyElseDoesNotOpenIt() {
        agent.say(RenewalTest.restored(InstanceId.random(), Duration.ZERO));
        assertEndsBecause("was not asked to");
    }

    private void assertEndsBecause(String why) {
        IgnoringHandler waiting = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMinutes(5), waiting);
        assertThat(failure().cause()).isInstanceOf(VmFailure.RestoreFailed.class);
        assertThat(failure().cause().text()).contains(why);
        assertThat(machine.vsock.hasDial()).isFalse();
        assertThat(waiting.reset).isNotNull();
        assertThat(asked).isEmpty();
    }
}
