package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorSystem;
import akka.stream.OverflowStrategy;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.testkit.TestPublisher;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import akka.stream.testkit.javadsl.TestSource;
import akka.util.ByteString;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import vmette.config.GuestSignal;

/** A command without a guest: a test plays it. */
final class FakeCommand implements DrivenCommand {
    static final int BUFFER = 1024;

    private static final long SECONDS = 30;

    final CompletableFuture<Integer> started = new CompletableFuture<>();
    final CompletableFuture<ExitStatus> status = new CompletableFuture<>();
    final CompletableFuture<TestSubscriber.Probe<ByteString>> stdin = new CompletableFuture<>();
    final CompletableFuture<TestPublisher.Probe<ByteString>> stdout = new CompletableFuture<>();
    final CompletableFuture<TestPublisher.Probe<ByteString>> stderr = new CompletableFuture<>();
    private final ActorSystem<?> system;
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final boolean hasStdin;
    private final boolean hasStderr;

    FakeCommand(ActorSystem<?> system, boolean hasStdin, boolean hasStderr) {
        this.system = system;
        this.hasStdin = hasStdin;
        this.hasStderr = hasStderr;
    }

    /** Waits for what the stage asks of it next. */
    void hear(String expected) throws InterruptedException {
        assertThat(told.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo(expected);
    }

    boolean hasBeenTold() {
        return !told.isEmpty();
    }

    TestSubscriber.Probe<ByteString> in() {
        return get(stdin);
    }

    TestPublisher.Probe<ByteString> out() {
        return get(stdout);
    }

    TestPublisher.Probe<ByteString> err() {
        return get(stderr);
    }

    private static <T> T get(CompletableFuture<T> probe) {
        return probe.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }

    @Override
    public void begin() {
        told.add("begin");
    }

    @Override
    public CompletionStage<Integer> started() {
        return started;
    }

    @Override
    public CompletionStage<ExitStatus> status() {
        return status;
    }

    @Override
    public Optional<Sink<ByteString, ?>> stdin() {
        return hasStdin
                ? Optional.of(TestSink.<ByteString>create(system).mapMaterializedValue(stdin::complete))
                : Optional.empty();
    }

    @Override
    public Optional<Source<ByteString, ?>> stdout() {
        return Optional.of(output(stdout));
    }

    @Override
    public Optional<Source<ByteString, ?>> stderr() {
        return hasStderr ? Optional.of(output(stderr)) : Optional.empty();
    }

    private Source<ByteString, ?> output(CompletableFuture<TestPublisher.Probe<ByteString>> probe) {
        return TestSource.<ByteString>create(system)
                .mapMaterializedValue(probe::complete)
                // A test never waits for the stage's demand, which is the stage's business.
                .buffer(BUFFER, OverflowStrategy.backpressure());
    }

    @Override
    public void signal(GuestSignal signal, boolean group) {
        told.add((group ? "group " : "signal ") + signal.name());
    }

    @Override
    public void resize(int rows, int columns) {
        told.add("resize " + rows + "x" + columns);
    }

    @Override
    public void terminate() {
        told.add("terminate");
    }
}
