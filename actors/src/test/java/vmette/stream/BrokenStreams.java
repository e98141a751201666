package vmette.stream;

import akka.NotUsed;
import akka.stream.Attributes;
import akka.stream.Inlet;
import akka.stream.SinkShape;
import akka.stream.javadsl.Sink;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;

/** Streams of which a part cannot be made. */
public final class BrokenStreams {
    private BrokenStreams() {}

    /** Fails its stream's materialisation, after what precedes it was made. */
    public static <T> Sink<T, NotUsed> sink() {
        return Sink.fromGraph(new GraphStage<SinkShape<T>>() {
            private final SinkShape<T> shape = SinkShape.of(Inlet.create("BrokenStreams.in"));

            @Override
            public SinkShape<T> shape() {
                return shape;
            }

            @Override
            public GraphStageLogic createLogic(Attributes inherited) {
                throw new IllegalStateException("a test's");
            }
        });
    }
}
