package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.CommandDetachedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmSavedException;
import vmette.errors.VsockResetException;

/** What comes of what, step by step. */
class ExecStageTest extends FlowFixture {
    private final VmLostException lost = new VmLostException("lost");
    private final VsockResetException reset = new VsockResetException("reset");

    private static ByteString large() {
        return ByteString.fromArray(new byte[ExecLogic.STDIN_BOUND + 1]);
    }

    // ---- the usual course

    @Test
    void startedBeforeAnyOutputAndExitedAfterAll() throws Exception {
        Probed flow = new Probed();
        flow.command.hear("begin");
        flow.out.request(10);
        flow.command.out().sendNext(bytes("early"));
        flow.out.expectNoMessage(Duration.ofMillis(50));
        flow.command.started.complete(PID);
        flow.out.expectNext(new ExecEvent.Started(PID));
        flow.out.expectNext(out("early"));
        flow.command.err().sendNext(bytes("oops"));
        flow.out.expectNext(err("oops"));
        flow.exit();
        flow.out.expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        flow.in.expectCancellation();
        awaitStagesStopped();
        assertThat(flow.command.hasBeenTold()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"oes", "ose", "soe", "seo", "eos", "eso"})
    void theEndIsToldOnceWhateverEndsFirst(String order) throws Exception {
        Probed flow = new Probed().run();
        flow.out.request(10);
        for (int i = 0; i < order.length(); i++) {
            switch (order.charAt(i)) {
                case 'o' -> flow.command.out().sendNext(bytes("x")).sendComplete();
                case 'e' -> flow.command.err().sendNext(bytes("y")).sendComplete();
                default -> flow.command.status.complete(SUCCESS);
            }
        }
        List<ExecEvent> events = new ArrayList<>(List.of(flow.out.expectNext(), flow.out.expectNext()));
        assertThat(events).containsExactlyInAnyOrder(out("x"), err("y"));
        flow.out.expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void theEndWaitsForDemand() throws Exception {
        Probed flow = new Probed().run();
        flow.command.out().sendNext(bytes("x"));
        flow.exit();
        flow.out.expectNoMessage(Duration.ofMillis(50));
        flow.out.request(1).expectNext(out("x"));
        flow.out.expectNoMessage(Duration.ofMillis(50));
        flow.out.request(1).expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void anOutputThatIsNotWantedIsNotWaitedFor() throws Exception {
        Probed flow = new Probed(true, false, Duration.ofDays(1)).run();
        flow.command.out().sendComplete();
        flow.command.status.complete(SUCCESS);
        flow.out.request(1).expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void neitherOutputStarvesTheOther() throws Exception {
        Probed flow = new Probed().run();
        for (int i = 0; i < 2; i++) {
            flow.command.out().sendNext(bytes("o"));
            flow.command.err().sendNext(bytes("e"));
        }
        flow.fence();
        flow.out.request(4);
        List<ExecEvent> events = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            events.add(flow.out.expectNext());
        }
        assertThat(events.subList(0, 3)).contains(out("o"), err("e"));
        assertThat(events).containsExactlyInAnyOrder(out("o"), out("o"), err("e"), err("e"));
        flow.out.cancel();
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void eachMaterialisationHasItsOwnCommand() {
        List<FakeCommand> commands = new ArrayList<>();
        var stage = new ExecStage<>(() -> {
            FakeCommand command = new FakeCommand(system, true, true);
            command.started.complete(commands.size());
            command.status.completeExceptionally(lost);
            commands.add(command);
            return command;
        });
        for (int i = 0; i < 2; i++) {
            var end = Source.<ExecInput>maybe().via(stage).runWith(Sink.ignore(), materializer);
            assertThat(failure(() -> end.toCompletableFuture().join())).isSameAs(lost);
        }
        assertThat(commands).hasSize(2);
        awaitStagesStopped();
    }

    private static Throwable failure(Runnable waiting) {
        try {
            waiting.run();
            throw new AssertionError("expected a failure");
        } catch (CompletionException e) {
            return e.getCause();
        }
    }

    // ---- in

    @Test
    void nothingIsPulledBeforeTheStart() throws Exception {
        Probed flow = new Probed();
        flow.command.hear("begin");
        flow.in.sendNext(ExecInput.signal("INT"));
        flow.in.sendNext(ExecInput.resize(1, 2));
        assertThat(flow.command.hasBeenTold()).isFalse();
        flow.command.started.complete(PID);
        flow.command.hear("signal INT");
        flow.command.hear("resize 1x2");
        flow.in.sendNext(ExecInput.signalGroup("RTMIN+3"));
        flow.command.hear("group RTMIN+3");
        flow.out.cancel();
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void inputArrivesInOrderAndItsEndAfterIt() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin("one"));
        flow.in.sendNext(ExecInput.stdin(""));
        flow.in.sendNext(ExecInput.stdin("two"));
        flow.in.sendNext(ExecInput.closeStdin());
        flow.command.in().request(5);
        flow.command.in().expectNext(bytes("one"));
        flow.command.in().expectNext(bytes("two"));
        flow.command.in().expectComplete();
        // Signals go on.
        flow.fence();
        flow.in.sendNext(ExecInput.closeStdin());
        flow.fence();
        flow.out.request(1);
        flow.exit();
        flow.out.expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void theEndOfUpstreamIsTheEndOfInput() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin("word"));
        flow.in.sendComplete();
        flow.command.in().request(5);
        flow.command.in().expectNext(bytes("word")).expectComplete();
        flow.out.request(1);
        flow.exit();
        flow.out.expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void anEmptyUpstreamEndsTheInputOfACommandThatIsStillToStart() throws Exception {
        Probed flow = new Probed();
        flow.in.sendComplete();
        flow.command.in().request(1);
        flow.command.in().expectComplete();
        flow.run();
        flow.out.cancel();
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void signalsOvertakeInputThatWaits() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin("unread"));
        flow.in.sendNext(ExecInput.signal("INT"));
        flow.in.sendNext(ExecInput.resize(3, 4));
        flow.command.hear("signal INT");
        flow.command.hear("resize 3x4");
        flow.command.in().request(1).expectNext(bytes("unread"));
        flow.out.cancel();
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void beyondTheBoundNothingIsPulled() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin(large()));
        flow.in.sendNext(ExecInput.signal("INT"));
        flow.out.expectNoMessage(Duration.ofMillis(50));
        assertThat(flow.command.hasBeenTold()).isFalse();
        flow.command.in().request(1).expectNext(large());
        flow.command.hear("signal INT");
        flow.out.cancel();
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void inputForACommandThatHasClosedItsEndIsDropped() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin(large()));
        flow.command.in().cancel();
        flow.in.sendNext(ExecInput.stdin(large()));
        flow.in.sendNext(ExecInput.stdin(large()));
        flow.fence();
        flow.in.sendComplete();
        flow.out.request(1);
        flow.exit();
        flow.out.expectNext(new ExecEvent.Exited(SUCCESS)).expectComplete();
        awaitStagesStopped();
    }

    @Test
    void inputAfterItsEndIsRefused() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.closeStdin());
        flow.in.sendNext(ExecInput.stdin("more"));
        assertThat(flow.out.expectError())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("Stdin after CloseStdin");
        flow.in.expectCancellation();
        flow.command.hear("terminate");
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    @Test
    void inputForACommandWithoutInputIsRefused() throws Exception {
        Probed flow = new Probed(false, true, Duration.ofDays(1)).run();
        flow.in.sendNext(ExecInput.closeStdin());
        flow.fence();
        flow.in.sendNext(ExecInput.stdin("more"));
        assertThat(flow.out.expectError())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("without standard input");
        flow.command.hear("terminate");
        flow.command.status.complete(SUCCESS);
        awaitStagesStopped();
    }

    // ---- early ends

    @Test
    void aCancelledFlowEndsTheCommandAndKeepsItsStreamsUntilThen() throws Exception {
        Probed flow = new Probed().run();
        flow.in.sendNext(ExecInput.stdin("half"));
        flow.command.in().request(5).expectNext(bytes("half"));
        flow.command.out().sendNext(bytes("held"));
        flow.out.cancel();
        flow.command.hear("terminate");
        flow.in.expectCancellation();
        // It may go on writing what it has to say at its end, and does not see its input end.
        for (int i = 0; i < 20; i++) {
            flow.command.out().sendNext(bytes("last words"));
            flow.command.err().sendNext(bytes("last words"));
        }
        flow.command.in().expectNoMessage(Duration.ofMillis(50));
        flow.exit();
        flow.command.in().expectComplete();
        awaitStagesStopped();
    }

    @Test
    void aFlowCancelledBeforeTheStartEndsTheCommand() throws Exception {
        Probed flow = new Probed();
        flow.command.hear("begin");
        flow.out.cancel();
        flow.command.hear("terminate");
        flow.in.expectCancellation();
        StartFailedException cancelled = new StartFailedException("cancelled");
        flow.command.started.completeExceptionally(cancelled);
        flow.command.status.completeExceptionally(cancelled);
        awaitStagesStopped();
    }

    @Test
    void aFailureOfUpstreamIsTheFlowsAndEndsTheCommand() throws Exception {
        Probed flow = new Probed().run();
        IllegalStateException failure = new IllegalStateException("upstream");
        flow.in.sendNext(ExecInput.stdin("half"));
        flow.command.in().request(5).expectNext(bytes("half"));
        flow.in.sendError(failure);
        assertThat(flow.out.expectError()).isSameAs(failure);
        flow.command.hear("terminate");
        flow.command.in().expectNoMessage(Duration.ofMillis(50));
        flow.exit();
        flow.command.in().expectComplete();
        awaitStagesStopped();
    }

    @Test
    void theEndOfTheMaterializerEndsTheCommand() throws Exception {
        Probed flow = new Probed().run();
        materializer.shutdown();
        flow.command.hear("terminate");
        assertThat(flow.out.expectError()).hasMessageContaining("terminated abruptly");
    }

    @Test
    void anEndThatIsKnownNeedsNoMore() throws Exception {
        Probed flow = new Probed().run();
        flow.exit();
        flow.fence();
        flow.out.cancel();
        awaitStagesStopped();
    }

    // ---- failures

    @Test
    void aCommandThatCannotBeStartedFailsTheFlow() throws Exception {
        Probed flow = new Probed();
        flow.command.hear("begin");
        StartFailedException failure = new StartFailedException("no such program");
        flow.command.started.completeExceptionally(new CompletionException(failure));
        assertThat(flow.out.expectError()).isSameAs(failure);
        flow.command.status.completeExceptionally(failure);
        flow.in.expectCancellation();
        awaitStagesStopped();
        assertThat(flow.command.hasBeenTold()).isFalse();
    }

    @Test
    void aLostVmFailsTheFlow() throws Exception {
        Probed flow = new Probed().run();
        flow.command.status.completeExceptionally(lost);
        assertThat(flow.out.expectError()).isSameAs(lost);
        awaitStagesStopped();
    }

    @Test
    void theLossOfTheVmExplainsItsResetStreams() throws Exception {
        Probed flow = new Probed().run();
        flow.command.out().sendNext(bytes("last words")).sendError(reset);
        flow.command.err().sendError(reset);
        flow.command.hear("terminate");
        flow.out.request(5).expectNext(out("last words"));
        flow.out.expectNoMessage(Duration.ofMillis(50));
        flow.command.status.completeExceptionally(lost);
        assertThat(flow.out.expectError()).isSameAs(lost);
        awaitStagesStopped();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anOutputThatWasCutOffFailsTheFlowThoughTheCommandEnded(boolean endKnownFirst) throws Exception {
        Probed flow = new Probed().run();
        flow.out.request(5);
        if (endKnownFirst) {
            flow.command.status.complete(SUCCESS);
            flow.fence();
        }
        flow.command.err().sendError(reset);
        flow.command.hear("terminate");
        flow.command.out().sendComplete();
        flow.command.status.complete(SUCCESS);
        assertThat(flow.out.expectError()).isSameAs(reset);
        awaitStagesStopped();
    }

    @Test
    void whatASaveHasCutOffIsNotEnded() throws Exception {
        Probed flow = new Probed().run();
        flow.out.request(5);
        flow.command.out().sendError(new VmSavedException("saved"));
        flow.command.err().sendError(new VmSavedException("saved"));
        flow.fence();
        CommandDetachedException goesOn = new CommandDetachedException(7, "goes on");
        flow.command.status.completeExceptionally(goesOn);
        assertThat(flow.out.expectError()).isSameAs(goesOn);
        awaitStagesStopped();
        assertThat(flow.command.hasBeenTold()).isFalse();
    }

    @Test
    void anOutputThatWasCutOffIsNotExplainedForEver() throws Exception {
        Probed flow = new Probed(true, true, Duration.ofMillis(20)).run();
        flow.command.out().sendError(reset);
        flow.command.hear("terminate");
        assertThat(flow.out.expectError()).isSameAs(reset);
        awaitStagesStopped();
    }
}
