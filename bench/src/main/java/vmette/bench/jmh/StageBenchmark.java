package vmette.bench.jmh;

import akka.actor.ActorSystem;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import vmette.stream.Vsock;

/** Elements through the stage of a connection that always has the next chunk at once, on a thread of its own. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StageBenchmark {
    private static final int ELEMENTS = 10_000;

    private final EagerHost host = new EagerHost(new byte[4096]);
    private final Vsock vsock = new Vsock(host, 1, Duration.ofSeconds(10));
    private ActorSystem system;

    /** Starts the streams' actors. */
    @Setup
    public void open() {
        system = ActorSystem.create("stage");
    }

    /** Ends them. */
    @TearDown
    public void close() {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
        host.close();
    }

    /** From the loop to the client, pull by pull. */
    @Benchmark
    @OperationsPerInvocation(ELEMENTS)
    public long fromGuest() {
        return Source.<ByteString>maybe()
                .via(vsock.connect(1))
                .take(ELEMENTS)
                .runWith(Sink.fold(0L, (sum, bytes) -> sum + bytes.size()), system)
                .toCompletableFuture()
                .join();
    }
}
