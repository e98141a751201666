package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.ExecSpec;
import vmette.config.ExecSpec.WhenFull;
import vmette.errors.AttachException;
import vmette.errors.AttachException.Reason;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;
import vmette.guest.protocol.AgentFrame.ExitKind;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.Token;
import vmette.stream.Await;
import vmette.stream.Replay;
import vmette.vmm.VmmExit;

class DetachedTest extends VmFixture {
    private static final ExecSpec SPEC = ExecSpec.of("true").detached(WhenFull.OVERWRITE);

    private static long lastId = 1_000_000;

    private FakeMachine machine;
    private FakeAgent agent;

    @BeforeEach
    void bootVm() {
        launch();
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    private DetachedTicket start(ExecSpec spec) {
        DetachedTicket command = DetachedTicket.create(++lastId, spec);
        supervisor.tell(new VmRequest.Run(command));
        return command;
    }

    private DetachedTicket started() {
        DetachedTicket command = start(SPEC);
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(command.id(), 42));
        assertThat(Await.value(command.started())).isEqualTo(42);
        return command;
    }

    private static AgentFrame.Exited exit(DetachedTicket command, int status) {
        return new AgentFrame.Exited(command.id(), ExitKind.EXITED, status);
    }

    private static AgentFrame.Attached news(
            DetachedTicket command, Token token, AttachmentState state, int errno, long offset) {
        return new AgentFrame.Attached(
                command.id(),
                StreamId.STDOUT,
                token,
                state,
                errno,
                offset,
                state == AttachmentState.ATTACHED ? 4096 : 0);
    }

    /** Hears an ATTACH of standard output from an offset; gives its token. */
    private Token heardAttach(DetachedTicket command, long from) {
        FakeAgent.Body attach = agent.hear(FakeAgent.ATTACH);
        assertThat(attach.u64()).isEqualTo(command.id());
        assertThat(attach.u8()).isEqualTo(StreamId.STDOUT.wire());
        Token token = Token.of(attach.bytes(Token.BYTES));
        assertThat(attach.u64()).isEqualTo(from);
        return token;
    }

    private static void assertReason(CompletionStage<?> stage, Reason reason) {
        assertThat(Await.failure(stage))
                .isInstanceOfSatisfying(AttachException.class, failure -> assertThat(failure.reason())
                        .isEqualTo(reason));
    }

    private CompletableFuture<DetachedTicket> find(long id) {
        CompletableFuture<DetachedTicket> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Find(id, reply));
        return reply;
    }

    @Test
    void theCommandIsSentAsItWasAsked() {
        DetachedTicket command = start(ExecSpec.of("make").discardStderr().detached(WhenFull.BLOCK, 12345));
        FakeAgent.Body exec = agent.hear(FakeAgent.EXEC);
        assertThat(exec.u64()).isEqualTo(command.id());
        assertThat(exec.u32()).isEqualTo(1 << 2 | 1 << 5);
        for (int mode : new int[] {0, 2, 0}) {
            assertThat(exec.u8()).isEqualTo(mode);
            assertThat(Token.of(exec.bytes(Token.BYTES))).isEqualTo(Token.ZERO);
        }
        exec.skip(8);
        assertThat(exec.u32()).isEqualTo(12345);

        start(SPEC.withTerminal(24, 80));
        FakeAgent.Body terminal = agent.hear(FakeAgent.EXEC).skip(8);
        assertThat(terminal.u32()).isEqualTo(1 | 1 << 2);
        terminal.skip(2 * 17);
        assertThat(terminal.u8()).isZero();
        assertThat(terminal.skip(16 + 8).u32()).isEqualTo(settings.exec().replayBuffer());
    }

    @Test
    void theOutcomeWaitsForNoOutputAndTheFirstOneCounts() {
        DetachedTicket command = started();
        command.attach(StreamId.STDOUT, 0);
        heardAttach(command, 0);
        agent.say(new AgentFrame.Started(command.id(), 43), exit(command, 3), exit(command, 4));
        assertThat(Await.value(command.outcome()).value()).isEqualTo(3);
        assertThat(Await.value(command.started())).isEqualTo(42);
    }

    @Test
    void whatDoesNotStartIsToldOnce() {
        DetachedTicket failed = start(SPEC);
        Attachment attachment = failed.attach(StreamId.STDOUT, 0);
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.ExecFailed(failed.id(), 12, "no memory"));
        assertThat(Await.failure(failed.outcome()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("no memory");
        assertThat(Await.failure(failed.started())).isInstanceOf(StartFailedException.class);
        assertThat(Await.failure(attachment.granted())).isInstanceOf(StartFailedException.class);
        assertThat(Await.failure(failed.attach(StreamId.STDOUT, 0).granted())).isInstanceOf(StartFailedException.class);

        DetachedTicket mute = start(SPEC);
        agent.hear(FakeAgent.EXEC);
        agent.say(exit(mute, 0));
        assertThat(Await.failure(mute.outcome()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("protocol");

        DetachedTicket large =
                start(ExecSpec.of("echo", "x".repeat(GuestProtocol.MAX_FRAME)).detached(WhenFull.BLOCK));
        assertThat(Await.failure(large.outcome())).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void oneThatTheAgentDoesNotStartIsEndedAndReleasedIfItRunsAfterAll() {
        DetachedTicket command = start(SPEC);
        agent.hear(FakeAgent.EXEC);
        advanceUntilSettled(command.outcome(), Duration.ofSeconds(5));
        assertThat(Await.failure(command.outcome())).isInstanceOf(OperationTimeoutException.class);
        assertThat(agent.hear(FakeAgent.SIGNAL).u64()).isEqualTo(command.id());
        assertThat(agent.hear(FakeAgent.RELEASE).u64()).isEqualTo(command.id());
    }

    @Test
    void anAttachmentIsGrantedAndEnds() {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 100);
        Token token = heardAttach(command, 100);
        agent.say(news(command, token, AttachmentState.ATTACHED, 0, 150));
        Replay.Granted granted = Await.value(attachment.granted());
        assertThat(granted.from()).isEqualTo(100);
        assertThat(granted.start()).isEqualTo(150);
        assertThat(granted.ringBytes()).isEqualTo(4096);
        assertThat(granted.opening().toArray()).hasSize(4 + 8 + 1 + 16).endsWith(token.bytes());
        assertThat(granted.end().toCompletableFuture()).isNotDone();
        agent.say(news(command, token, AttachmentState.ENDED, 0, 777));
        assertThat(Await.value(granted.end())).isEqualTo(777);
    }

    @ParameterizedTest
    @CsvSource({"3, UNKNOWN", "22, NOT_KEPT", "34, BEYOND_END"})
    void aRefusalHasItsReason(int errno, Reason reason) {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 100);
        agent.say(news(command, heardAttach(command, 100), AttachmentState.REFUSED, errno, 17));
        assertReason(attachment.granted(), reason);
    }

    @ParameterizedTest
    @CsvSource({"TAKEN_OVER", "RELEASED"})
    void anAttachmentThatIsTakenAwayHasItsReason(AttachmentState state) {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 0);
        Token token = heardAttach(command, 0);
        agent.say(news(command, token, AttachmentState.ATTACHED, 0, 0), news(command, token, state, 0, 5));
        assertReason(Await.value(attachment.granted()).end(), Reason.valueOf(state.name()));
    }

    @Test
    void anotherRefusalOrABrokenAttachmentMayBeTriedAgain() {
        DetachedTicket command = started();
        Attachment refused = command.attach(StreamId.STDOUT, 0);
        agent.say(news(command, heardAttach(command, 0), AttachmentState.REFUSED, 99, 0));
        assertThat(Await.failure(refused.granted()))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("99");
        Attachment broken = command.attach(StreamId.STDOUT, 0);
        Token token = heardAttach(command, 0);
        agent.say(
                news(command, token, AttachmentState.ATTACHED, 0, 0),
                news(command, token, AttachmentState.BROKEN, 0, 5));
        assertThat(Await.failure(Await.value(broken.granted()).end()))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("byte 5");
    }

    @Test
    void anAgentThatDoesNotAnswerIsNotWaitedForForEver() {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 0);
        heardAttach(command, 0);
        advanceUntilSettled(attachment.granted(), Duration.ofSeconds(5));
        assertThat(Await.failure(attachment.granted())).isInstanceOf(OperationTimeoutException.class);
    }

    @Test
    void wordsOfNoAttachmentAreIgnored() {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 0);
        Token token = heardAttach(command, 0);
        agent.say(
                news(command, Token.random(), AttachmentState.ATTACHED, 0, 3),
                new AgentFrame.Attached(command.id(), StreamId.STDERR, token, AttachmentState.ATTACHED, 0, 4, 4096),
                news(command, token, AttachmentState.ATTACHED, 0, 5),
                news(command, token, AttachmentState.ATTACHED, 0, 6));
        assertThat(Await.value(attachment.granted()).start()).isEqualTo(5);
    }

    @Test
    void aReleaseEndsTheAttachmentsAtOnceAndTheRestWithTheCommand() {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 0);
        heardAttach(command, 0);
        command.release();
        command.release();
        assertThat(agent.hear(FakeAgent.RELEASE).u64()).isEqualTo(command.id());
        assertReason(attachment.granted(), Reason.RELEASED);
        assertReason(command.attach(StreamId.STDERR, 0).granted(), Reason.RELEASED);
        command.signal(15, true);
        assertThat(agent.hear(FakeAgent.SIGNAL).u64()).isEqualTo(command.id());
        assertThat(command.outcome().toCompletableFuture()).isNotDone();
        agent.say(exit(command, 9));
        assertThat(Await.value(command.outcome()).value()).isEqualTo(9);
        advanceUntil(() ->
                find(command.id()).handle((found, failure) -> failure != null).join());
    }

    @Test
    void oneThatHasEndedIsKeptUntilItIsReleased() {
        DetachedTicket command = started();
        agent.say(exit(command, 0));
        Await.value(command.outcome());
        assertThat(Await.value(find(command.id()))).isSameAs(command);
        command.release();
        agent.hear(FakeAgent.RELEASE);
        assertReason(command.attach(StreamId.STDOUT, 0).granted(), Reason.RELEASED);
        advanceUntil(() ->
                find(command.id()).handle((found, failure) -> failure != null).join());
        assertReason(find(command.id()), Reason.UNKNOWN);
    }

    @Test
    void signalsAndSizesAreSent() {
        DetachedTicket command = started();
        command.signal(2, false);
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(command.id());
        assertThat(signal.u32()).isEqualTo(2);
        assertThat(signal.u8()).isZero();
        command.resize(new ExecSpec.Terminal(5, 6));
        FakeAgent.Body resize = agent.hear(FakeAgent.RESIZE).skip(8);
        assertThat(resize.u16()).isEqualTo(5);
        assertThat(resize.u16()).isEqualTo(6);
        assertThatThrownBy(() -> command.signal(65, false)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aLostVmEndsEverything() {
        DetachedTicket command = started();
        Attachment attachment = command.attach(StreamId.STDOUT, 0);
        Token token = heardAttach(command, 0);
        agent.say(news(command, token, AttachmentState.ATTACHED, 0, 0));
        Replay.Granted granted = Await.value(attachment.granted());
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(granted.end())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(command.attach(StreamId.STDOUT, 0).granted())).isInstanceOf(VmLostException.class);
    }

    @Test
    void aLostVmLeavesTheStatusThatWasKnown() {
        DetachedTicket command = started();
        agent.say(exit(command, 5));
        Await.value(command.outcome());
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(vm.ended());
        assertThat(Await.value(command.outcome()).value()).isEqualTo(5);
        assertThat(Await.failure(command.attach(StreamId.STDOUT, 0).granted())).isInstanceOf(VmLostException.class);
    }

    @Test
    void whatTheAgentAnnouncesIsFoundByItsId() {
        agent.say(
                new AgentFrame.Started(7, 70),
                new AgentFrame.Started(8, 80),
                new AgentFrame.Exited(8, ExitKind.EXITED, 6));
        Await.monitor(agent.channel(), "demand", agent.channel()::hasDemand);
        DetachedTicket running = Await.value(find(7));
        assertThat(Await.value(running.started())).isEqualTo(70);
        assertThat(running.outcome().toCompletableFuture()).isNotDone();
        running.attach(StreamId.STDOUT, 55);
        heardAttach(running, 55);
        agent.say(new AgentFrame.Exited(7, ExitKind.SIGNALLED, 9));
        assertThat(Await.value(running.outcome()).value()).isEqualTo(9);
        DetachedTicket ended = Await.value(find(8));
        assertThat(Await.value(ended.outcome()).value()).isEqualTo(6);
        assertThat(Await.value(find(8))).isSameAs(ended);
    }

    @Test
    void howeverManyAreAnnouncedFewAreRemembered() {
        List<AgentFrame> made = new ArrayList<>();
        for (int i = 1; i <= 1000; i++) {
            made.add(new AgentFrame.Started(i, i));
            made.add(new AgentFrame.Exited(i + 5000, ExitKind.EXITED, 0));
        }
        agent.say(made.toArray(AgentFrame[]::new));
        Await.monitor(agent.channel(), "demand", agent.channel()::hasDemand);
        assertThat(Await.value(find(GuestProtocol.MAX_EXECUTIONS)).id()).isEqualTo(GuestProtocol.MAX_EXECUTIONS);
        assertReason(find(GuestProtocol.MAX_EXECUTIONS + 1), Reason.UNKNOWN);
        assertReason(find(5001), Reason.UNKNOWN);
    }
}
