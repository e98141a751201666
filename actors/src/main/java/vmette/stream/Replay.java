package vmette.stream;

import akka.NotUsed;
import akka.stream.FanOutShape2;
import akka.stream.FlowShape;
import akka.stream.SourceShape;
import akka.stream.javadsl.GraphDSL;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
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
