package vmette.stream.tck;

import akka.stream.FanOutShape2;
import akka.stream.SinkShape;
import akka.stream.javadsl.GraphDSL;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import vmette.stream.OutputChunk;
import vmette.stream.Replay;
import vmette.stream.internal.ReplayStage;

/**
 * What an attachment takes of its data connection, as a subscriber. Its acknowledgements are no publisher of their own: how many there
 * are is for the pace of the reader and the size of the ring to say, and the last of them may fall to the output's end.
 */
public class ReplayBytesTckTest extends SubscriberTck<ByteString> {
    private static final int RING = 4;

    @Override
    protected Sink<ByteString, ?> sink() {
        // An output that nobody says the end of.
        Replay.Granted granted =
                new Replay.Granted(ByteString.fromString("opening"), 0, 0, RING, new CompletableFuture<>());
        return Sink.fromGraph(GraphDSL.create(builder -> {
            FanOutShape2<ByteString, OutputChunk, ByteString> replay =
                    builder.add(new ReplayStage(granted, Duration.ofMinutes(1)));
            builder.from(replay.out0())
                    .toInlet(builder.add(Sink.<OutputChunk>ignore()).in());
            builder.from(replay.out1())
                    .toInlet(builder.add(Sink.<ByteString>ignore()).in());
            return SinkShape.of(replay.in());
        }));
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
