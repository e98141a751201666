package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.config.RestartMode;
import vmette.config.VmSpec;
import vmette.config.fleet.Service;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.Token;
import vmette.log.LogRing;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.stream.FakeChannel;
import vmette.vmm.VmmExit;

/** A VM that is saved while it runs a service: the service and its log go on. */
class SavedServiceTest extends VmSaveFixture {
    private final LogRing log = new LogRing(1000);
    private Token attachment;

    private long service() {
        machines.makesAtOnce = false;
        vm = VmTicket.create(
                NAME,
                VmSpec.builder().build(),
                new VmVsock(NAME),
                Optional.of(50_123),
                Optional.of(new VmService(Service.shell("serve"), RestartMode.TRANSIENT)),
                log);
        supervisor = kit.spawn(
                VmSupervisor.create(vm, settings, machines, Supervision.by(RecoveryPolicy.giveUp()), Optional.empty()));
        up();
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        machine.vsock.nextDial().open().deliver("one\n".getBytes(UTF_8));
        return id;
    }

    private FakeChannel adopted(long id, long expectedFrom, long start) {
        agent.say(new AgentFrame.Started(id, 77));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        heardAttach(id, expectedFrom);
        agent.say(news(id, attachment, AttachmentState.ATTACHED, start));
        return opened();
    }

    private void heardAttach(long id, long expectedFrom) {
        FakeAgent.Body attach = agent.hear(FakeAgent.ATTACH);
        assertThat(attach.u64()).isEqualTo(id);
        attach.u8();
        attachment = Token.of(attach.bytes(Token.BYTES));
        assertThat(attach.u64()).isEqualTo(expectedFrom);
    }

    private static AgentFrame news(long id, Token token, AttachmentState state, long offset) {
        int ring = state == AttachmentState.ATTACHED ? 256 << 10 : 0;
        return new AgentFrame.Attached(id, StreamId.STDOUT, token, state, 0, offset, ring);
    }

    private FakeChannel opened() {
        FakeChannel output = machine.vsock.nextDial().open();
        output.read(4 + 8 + 1 + Token.BYTES);
        return output;
    }

    @Test
    void theServiceGoesOnAndItsLogToo() {
        long id = service();
        savedOnce();
        FakeChannel output = adopted(id, 4, 10);
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(14));
        // Once more: it has been adopted already.
        savedOnce();
        output = adopted(id, 14, 14);
        output.deliver("three\n".getBytes(UTF_8));
        output.end();
        agent.say(new AgentFrame.Attached(id, StreamId.STDOUT, attachment, AttachmentState.ENDED, 0, 20, 0));
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        assertThat(agent.hearBoth(FakeAgent.RELEASE, FakeAgent.SHUTDOWN).u64()).isEqualTo(id);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
        assertThat(kept()).isEqualTo("""
                        one
                        --- 6 bytes are missing: they were on their way when the VM was saved
                        two
                        three
                        """);
    }

    /** That the save has ended its attachment is told over the new link: another is begun for that, and one more since the VM was saved. */
    @Test
    void ofTheAttachmentsToTheServicesOutputTheLatestCounts() {
        long id = service();
        savedOnce();
        FakeChannel output = adopted(id, 4, 4);
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(8));
        savedOnce(news(id, attachment, AttachmentState.BROKEN, 8));
        long ping = agent.hear(FakeAgent.PING).u64();
        heardAttach(id, 8);
        Token former = attachment;
        agent.say(news(id, former, AttachmentState.ATTACHED, 8));
        FakeChannel overtaken = opened();
        agent.say(new AgentFrame.Pong(ping, 1, Duration.ofSeconds(3)));
        heardAttach(id, 8);
        overtaken.deliver("three\n".getBytes(UTF_8));
        agent.say(
                news(id, former, AttachmentState.TAKEN_OVER, 14),
                news(id, attachment, AttachmentState.ATTACHED, 8),
                new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        output = opened();
        output.deliver("three\nfour\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(19));
        assertThat(agent.hasMore()).isFalse();
        output.end();
        agent.say(news(id, attachment, AttachmentState.ENDED, 19));
        isCompleted(id);
        assertThat(kept()).isEqualTo("one\ntwo\nthree\nfour\n");
    }

    @Test
    void whatAServiceThatHasEndedWroteLastIsDialledForAgain() {
        long id = service();
        savedOnce(new AgentFrame.Started(id, 77), new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        heardAttach(id, 4);
        agent.say(news(id, attachment, AttachmentState.ATTACHED, 4));
        machine.vsock.nextDial().refuse();
        FakeChannel output = opened();
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(8));
        output.end();
        agent.say(news(id, attachment, AttachmentState.ENDED, 8));
        isCompleted(id);
        assertThat(kept()).isEqualTo("one\ntwo\n");
    }

    private void endsWell(long id) {
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        isCompleted(id);
    }

    private void isCompleted(long id) {
        assertThat(agent.hearBoth(FakeAgent.RELEASE, FakeAgent.SHUTDOWN).u64()).isEqualTo(id);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
    }

    @Test
    void anAgentThatBeginsTheServicesOutputAgainIsNotReadOn() {
        long id = service();
        savedOnce();
        agent.say(new AgentFrame.Started(id, 77));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        FakeAgent.Body attach = agent.hear(FakeAgent.ATTACH);
        attach.u64();
        attach.u8();
        Token token = Token.of(attach.bytes(Token.BYTES));
        agent.say(new AgentFrame.Attached(id, StreamId.STDOUT, token, AttachmentState.ATTACHED, 0, 0, 256 << 10));
        endsWell(id);
        assertThat(machine.vsock.hasDial()).isFalse();
        assertThat(kept())
                .isEqualTo("one\n--- no more of it is read, since the agent broke the guest protocol:"
                        + " it begins at byte 0 and was asked for from 4\n");
    }

    @Test
    void noServiceHasWrittenMoreThanCanBeCounted() {
        long id = service();
        savedOnce();
        FakeChannel output = adopted(id, 4, Long.MAX_VALUE - 3);
        output.deliver("more".getBytes(UTF_8));
        endsWell(id);
        assertThat(kept()).endsWith("broke the guest protocol: 4 bytes came at byte " + (Long.MAX_VALUE - 3) + "\n");
    }

    @Test
    void aServiceThatIsGoneAfterwardsIsAFailure() {
        service();
        savedOnce();
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(failure().cause().text()).contains("ended while its VM was saved");
    }

    private String kept() {
        return Await.value(log.log()
                        .last(Integer.MAX_VALUE)
                        .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system()))
                .utf8String();
    }
}
