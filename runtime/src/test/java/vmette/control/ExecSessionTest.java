package vmette.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.control.ControlFixture.async;
import static vmette.control.ControlFixture.get;
import static vmette.control.ControlFixture.next;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlledCommand.Exit;
import vmette.control.ExecCall.Streams;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.stream.Await;

/** Commands over the control socket, both ends; the guest is played. */
class ExecSessionTest {
    private static final int MUCH = 3 << 20;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ControlFixture fixture;

    @BeforeEach
    void start() {
        fixture = new ControlFixture();
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private CompletableFuture<Exit> run(ExecSpec spec, InputStream stdin) {
        return run(spec, new Streams(stdin, out, err));
    }

    private CompletableFuture<Exit> run(ExecSpec spec, Streams streams) {
        return async(() -> {
            try (ExecCall call = new ExecCall(fixture.peer(), "web", spec)) {
                return call.run(streams, () -> {});
            }
        });
    }

    private static InputStream nothing() {
        return new ByteArrayInputStream(new byte[0]);
    }

    private static Source<ByteString, akka.NotUsed> much() {
        return Source.range(1, MUCH >> 16).map(i -> ByteString.fromArray(new byte[1 << 16]));
    }

    @Test
    void outputsStayApartAndTheExitCodeIsTheCommands() {
        fixture.vm.stdout = Source.single(ByteString.fromString("out"));
        fixture.vm.stderr = Source.single(ByteString.fromString("err"));
        CompletableFuture<Exit> done = run(ExecSpec.of("true"), nothing());
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(42);
        command.exit.complete(new Exit(false, 7, false));
        assertThat(get(done)).isEqualTo(new Exit(false, 7, false));
        assertThat(out.toString(UTF_8)).isEqualTo("out");
        assertThat(err.toString(UTF_8)).isEqualTo("err");
    }

    @Test
    void anOutputThatBreaksOffIsAFailureThoughTheCommandHasAnExitCode() {
        fixture.vm.stdout = Source.single(ByteString.fromString("some"))
                .concat(Source.failed(new VsockException("reset by a test")));
        CompletableFuture<Exit> done = run(ExecSpec.of("true"), nothing());
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(42);
        command.exit.complete(new Exit(false, 0, false));
        assertThatThrownBy(() -> get(done))
                .hasRootCauseInstanceOf(VmetteException.class)
                .hasStackTraceContaining("reset by a test; some of it is lost");
    }

    @Test
    void theCommandIsToldWhole() {
        ExecSpec spec = ExecSpec.of("prog", "", "ü\n", "-x")
                .withEnv("A", "1=2")
                .withUser("nobody")
                .withDirectory("/tmp")
                .withTerminal(24, 80);
        CompletableFuture<Exit> done = run(spec, nothing());
        FakeVm.Command command = next(fixture.vm.commands);
        assertThat(command.spec).isEqualTo(spec);
        command.started.complete(1);
        command.exit.complete(new Exit(true, 9, true));
        assertThat(get(done).code()).isEqualTo(137);
    }

    @Test
    void aClientThatLeavesACommandWhichNeverEndsLeavesNoThreadBehind() throws IOException {
        try (ControlConnection client = fixture.exec(ExecSpec.of("true"))) {
            next(fixture.vm.commands).started.complete(1);
            assertThat(client.read()).isEqualTo(new ControlFrame.Answer(List.of("started", "1")));
            assertThat(writers()).isPositive();
        }
        Await.until("nobody writes to a client that has left", () -> writers() == 0);
    }

    /** As streams are that would begin in an actor system that has ended. */
    @Test
    void aCommandWhoseStreamsCannotBeginIsEndedAndLeavesNoThreadBehind() throws IOException {
        fixture.vm.stdout = Source.<ByteString>empty().mapMaterializedValue(none -> {
            throw new IllegalStateException("it has ended");
        });
        try (ControlConnection client = fixture.exec(ExecSpec.of("true"))) {
            assertThat(client.read())
                    .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.message())
                            .contains("it has ended"));
            get(next(fixture.vm.commands).terminated);
        }
        Await.until("nobody writes", () -> writers() == 0);
    }

    private static long writers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("vmette-control-writer"))
                .count();
    }

    @Test
    void standardInputArrivesToItsEnd() {
        byte[] content = new byte[1 << 20];
        new java.util.Random(1).nextBytes(content);
        CompletableFuture<Exit> done = run(ExecSpec.of("cat"), new ByteArrayInputStream(content));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        get(command.inputEnd);
        ByteString all = command.input.stream().reduce(ByteString.emptyByteString(), ByteString::concat);
        assertThat(all.toArray()).isEqualTo(content);
        command.exit.complete(new Exit(false, 0, false));
        get(done);
    }

    @Test
    void inputThatEndsAfterItsCommandClosedItIsNoFailure() throws IOException {
        fixture.vm.taker = Sink.<ByteString>cancelled()
                .mapMaterializedValue(none -> CompletableFuture.completedFuture(akka.Done.getInstance()));
        ControlConnection client = fixture.exec(ExecSpec.of("true"));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        assertThat(client.read()).isEqualTo(new ControlFrame.Answer(List.of("started", "1")));
        client.write(new ControlFrame.End());
        client.write(new ControlFrame.Answer(List.of("signal", "2")));
        assertThat(next(command.told)).isEqualTo("INT");
        command.exit.complete(new Exit(false, 3, false));
        assertThat(client.read()).isEqualTo(new ControlFrame.Answer(List.of("exited", "EXITED", "3", "false")));
        assertThat(client.read()).isEqualTo(new ControlFrame.Succeeded());
        client.close();
    }

    @Test
    void aCommandWhoseInputHasEndedIsNoFailureOfTheServers() throws IOException {
        ControlConnection client = fixture.exec(ExecSpec.of("cat"));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        assertThat(client.read()).isEqualTo(new ControlFrame.Answer(List.of("started", "1")));
        client.write(new ControlFrame.End());
        get(command.inputEnd);
        command.exit.complete(new Exit(false, 0, false));
        assertThat(client.read()).isEqualTo(new ControlFrame.Answer(List.of("exited", "EXITED", "0", "false")));
        assertThat(client.read()).isEqualTo(new ControlFrame.Succeeded());
        // The end of the connection, and no frame that tells of what went wrong after that.
        assertThatThrownBy(client::read).isInstanceOf(IOException.class);
        client.close();
    }

    @Test
    void aCommandThatDoesNotReadHoldsBackItsInputAndNotItsSignals() throws Exception {
        fixture.vm.taker = Sink.<ByteString>never().mapMaterializedValue(never -> new CompletableFuture<akka.Done>());
        AtomicLong taken = new AtomicLong();
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 0;
            }

            @Override
            public int read(byte[] to, int offset, int length) {
                taken.addAndGet(length);
                return length;
            }
        };
        CountDownLatch running = new CountDownLatch(1);
        ExecCall call = new ExecCall(fixture.peer(), "web", ExecSpec.of("sleep"));
        CompletableFuture<Exit> done = async(() -> call.run(new Streams(endless, out, err), running::countDown));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        running.await();
        call.signal(GuestSignal.INT, true);
        call.signal(GuestSignal.TERM, false);
        call.resize(10, 20);
        assertThat(next(command.told)).isEqualTo("group INT");
        assertThat(next(command.told)).isEqualTo("TERM");
        assertThat(next(command.told)).isEqualTo("10x20");
        command.exit.complete(new Exit(true, 15, false));
        assertThat(get(done).code()).isEqualTo(143);
        assertThat(taken.get()).isLessThan(2L * Credit.WINDOW);
        call.close();
    }

    @Test
    void anOutputThatNobodyReadsDoesNotHoldUpTheOther() throws Exception {
        fixture.vm.stdout = much();
        fixture.vm.stderr = much();
        CountDownLatch release = new CountDownLatch(1);
        AtomicLong blocked = new AtomicLong();
        CompletableFuture<Void> errors = new CompletableFuture<>();
        OutputStream stuck = new OutputStream() {
            @Override
            public void write(int value) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes) throws IOException {
                try {
                    release.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                blocked.addAndGet(bytes.length);
            }
        };
        OutputStream counting = new OutputStream() {
            private long count;

            @Override
            public void write(int value) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes) {
                count += bytes.length;
                if (count == MUCH) {
                    errors.complete(null);
                }
            }
        };
        CompletableFuture<Exit> done = run(ExecSpec.of("both"), new Streams(nothing(), stuck, counting));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        get(errors);
        assertThat(blocked).hasValue(0);
        command.exit.complete(new Exit(false, 0, false));
        assertThat(done).isNotDone();
        release.countDown();
        get(done);
        assertThat(blocked).hasValue(MUCH);
    }

    @Test
    void aReaderThatLeavesClosesTheCommandsOutput() {
        fixture.vm.stdout = Source.repeat(ByteString.fromString("y\n"));
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        CompletableFuture<Exit> done = run(ExecSpec.of("yes"), new Streams(nothing(), gone, err));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        get(command.stdoutEnd);
        command.exit.complete(new Exit(true, 13, false));
        assertThat(get(done).code()).isEqualTo(141);
    }

    @Test
    void anOutputThatCannotBeWrittenIsAFailure() {
        fixture.vm.stdout = Source.single(ByteString.fromString("lost"));
        OutputStream full = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        CompletableFuture<Exit> done = run(ExecSpec.of("cat"), new Streams(nothing(), full, err));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        command.exit.complete(new Exit(false, 0, false));
        assertThatThrownBy(() -> get(done))
                .hasCauseInstanceOf(VmetteIoException.class)
                .hasMessageContaining("cannot write what the command wrote to standard output: No space left");
    }

    @Test
    void aClientThatDiesEndsItsCommand() throws IOException {
        fixture.vm.stdout = Source.repeat(ByteString.fromString("y\n"));
        ControlConnection client = fixture.exec(ExecSpec.of("yes"));
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        assertThat(client.read()).isNotNull();
        client.close();
        get(command.terminated);
        get(command.stdoutEnd);
    }

    @Test
    void whatWentWrongInTheGuestIsTold() {
        CompletableFuture<Exit> done = run(ExecSpec.of("nothing"), nothing());
        FakeVm.Command command = next(fixture.vm.commands);
        VmLostException lost = new VmLostException("VM web was lost");
        command.started.completeExceptionally(lost);
        command.exit.completeExceptionally(lost);
        assertThatThrownBy(() -> get(done)).hasMessageContaining("VM web was lost");
    }

    @Test
    void aRuntimeThatEndsIsTold() {
        CompletableFuture<Exit> done = run(ExecSpec.of("sleep"), nothing());
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        fixture.server.close();
        assertThatThrownBy(() -> get(done)).hasCauseInstanceOf(VmLostException.class);
        get(command.terminated);
    }

    @Test
    void aCommandThatCannotBeIsRefused() throws IOException {
        for (List<String> part :
                List.of(List.of("arguments"), List.of("arguments", "a\0b"), List.of("directory", "relative"))) {
            ControlConnection client = fixture.connect("exec", "web");
            client.write(new ControlFrame.Answer(part));
            client.write(new ControlFrame.Answer(List.of("go")));
            assertThat(client.read())
                    .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.reason())
                            .isEqualTo("INVALID_CONFIG"));
            client.close();
        }
        assertThat(fixture.vm.commands).isEmpty();
    }

    @Test
    void aClientThatTakesMoreThanItMayEndsItsCommand() throws IOException {
        fixture.vm.taker = Sink.<ByteString>never().mapMaterializedValue(never -> new CompletableFuture<akka.Done>());
        for (ControlFrame bad : List.of(
                new ControlFrame.Grant(1, Credit.MOST),
                new ControlFrame.Grant(0, 1),
                new ControlFrame.Errors(new byte[1]),
                new ControlFrame.Answer(List.of()),
                new ControlFrame.Answer(List.of("signal", "65")),
                new ControlFrame.Answer(List.of("signal", "TERM")),
                new ControlFrame.Answer(List.of("resize", "1")),
                new ControlFrame.Answer(List.of("closed", "0")),
                new ControlFrame.Answer(List.of("frobnicate")))) {
            ControlConnection client = fixture.exec(ExecSpec.of("cat"));
            FakeVm.Command command = next(fixture.vm.commands);
            client.write(bad);
            get(command.terminated);
            client.close();
        }
        ControlConnection flood = fixture.exec(ExecSpec.of("cat"));
        FakeVm.Command command = next(fixture.vm.commands);
        assertThatThrownBy(() -> {
                    while (true) {
                        flood.write(new ControlFrame.Data(new byte[Credit.CHUNK]));
                    }
                })
                .isInstanceOf(IOException.class);
        get(command.terminated);
        flood.close();
    }

    @Test
    void failuresComeOverAsWhatTheyAre() {
        assertThat(Refusals.toException(new ControlFrame.Failed("INVALID_CONFIG", "why")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("why");
        assertThat(Refusals.of(new IllegalStateException("bug")).reason()).isEqualTo("INTERNAL");
    }
}
