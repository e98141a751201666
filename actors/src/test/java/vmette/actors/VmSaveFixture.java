package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import vmette.config.VmSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.machine.GuestSetup;
import vmette.machine.SaveReport;
import vmette.recovery.RecoveryPolicy;
import vmette.rootfs.ImageDefaults;
import vmette.stream.Await;

/** A VM that is saved, its machine and its agent. */
abstract class VmSaveFixture extends VmFixture {
    static final SaveReport REPORT = new SaveReport("s1", Duration.ofMillis(120), 90 << 20);
    static final InstanceId INSTANCE = InstanceId.random();

    final BlockingQueue<VmEvent> events = new LinkedBlockingQueue<>();
    FakeMachine machine;
    FakeAgent agent;

    void boot() {
        boot(VmSpec.builder().build());
    }

    void boot(VmSpec spec) {
        boot(spec, Supervision.by(RecoveryPolicy.giveUp()));
    }

    void boot(VmSpec spec, Supervision supervision) {
        machines.makesAtOnce = false;
        launch(spec, supervision.withEvents(events::add));
        up();
    }

    void up() {
        start();
        Await.value(vm.ready());
    }

    void start() {
        FakeMachineFactory.Begun begun = machines.nextBegun();
        machine = begun.machine();
        machine.setup = new GuestSetup(List.of(new HostFrame.Instance(INSTANCE)), ImageDefaults.NONE);
        begun.make();
        machine.started.complete(null);
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        agent.hear(FakeAgent.INSTANCE);
        agent.hear(FakeAgent.BOOT);
        agent.say(FakeAgent.GREETING);
        agent.say(FakeAgent.READY);
    }

    CompletionStage<SaveReport> save(boolean thenEnd) {
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Save("s1", thenEnd, reply));
        return reply;
    }

    FakeMachine.Asked asked() {
        return Await.next(machine.saves, "save");
    }

    /** The agent is dialled again, says what it has to say, and renews itself. */
    void comesBack(AgentFrame... news) {
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        FakeAgent.Body restore = agent.hear(FakeAgent.RESTORE);
        restore.u64();
        restore.bytes(Entropy.BYTES);
        assertThat(InstanceId.of(restore.bytes(InstanceId.BYTES))).isEqualTo(INSTANCE);
        agent.say(FakeAgent.GREETING);
        if (news.length > 0) {
            agent.say(news);
        }
        agent.isRestored(RenewalTest.restored(INSTANCE, Duration.ofMillis(130)));
    }

    FakeMachine.Asked unplugged() {
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        return save;
    }

    void savedOnce(AgentFrame... news) {
        unplugged().answer().complete(REPORT);
        comesBack(news);
    }
}
