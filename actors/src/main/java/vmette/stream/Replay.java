package vmette.stream;

import akka.NotUsed;
import akka.stream.FanOutShape2;
import akka.stream.FlowShape;
import akka.stream.RestartSettings;
import akka.stream.SourceShape;
import akka.stream.javadsl.GraphDSL;
import akka.stream.javadsl.RestartSource;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import vmette.errors.VsockException;
import vmette.stream.internal.ReplayStage;

/** What an attachment to an output of a detached command brings. */
public final class Replay {
    private Replay() {}

    /**
     * An attachment that the agent has granted.
     *
     * @param opening the first bytes of its data connection
     * @param from the offset that was asked for
     * @param start the offset that the connection begins with; not before {@code from}
     * @param ringBytes the size of the output's ring, at least 1
     * @param end completes with the output's length when all of it was sent; fails if the attachment ends otherwise
     */
    public record Granted(ByteString opening, long from, long start, int ringBytes, CompletionStage<Long> end) {}

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final RestartSettings RESUMING = RestartSettings.create(
                    Duration.ofMillis(50), Duration.ofSeconds(5), 0.1)
            .withMaxRestarts(20, Duration.ofMinutes(1))
            .withRestartOn(VsockException.class::isInstance);

    /**
     * Attaches again from where it was when the connection breaks; what another attempt cannot mend fails it. Gives up after 20 attempts
     * in vain within a minute.
     *
     * @param from the first offset wanted
     * @param attach one attachment from an offset
     */
    public static Source<OutputChunk, NotUsed> resuming(long from, LongFunction<Source<OutputChunk, NotUsed>> attach) {
        return Source.<OutputChunk, NotUsed>fromMaterializer((materializer, attributes) -> {
                    AtomicLong next = new AtomicLong(from);
                    // Counted where chunks have come out: one that the failure overtook on its way is asked for again.
                    return RestartSource.onFailuresWithBackoff(RESUMING, () -> attach.apply(next.get()))
                            .map(chunk -> {
                                next.set(chunk.to());
                                return chunk;
                            });
                })
                .mapMaterializedValue(late -> NotUsed.getInstance());
    }

    /** Dials its data connection when materialised, which can be done once, and completes after the output's last byte. */
    public static Source<OutputChunk, NotUsed> source(Vsock vsock, int port, Granted granted) {
        return source(vsock, port, granted, PATIENCE);
    }

    static Source<OutputChunk, NotUsed> source(Vsock vsock, int port, Granted granted, Duration patience) {
        return Source.fromGraph(GraphDSL.create(builder -> {
            FanOutShape2<ByteString, OutputChunk, ByteString> replay = builder.add(new ReplayStage(granted, patience));
            FlowShape<ByteString, ByteString> connection = builder.add(vsock.connect(port));
            builder.from(replay.out1()).toInlet(connection.in());
            builder.from(connection.out()).toInlet(replay.in());
            return SourceShape.of(replay.out0());
        }));
    }
}
