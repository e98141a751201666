package vmette.stream.tck;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import vmette.errors.AttachException;
import vmette.errors.VsockResetException;
import vmette.stream.OutputChunk;
import vmette.stream.Replay;

/** An output that is attached to again when its connection breaks, as a publisher: the first one does, after one chunk. */
public class ReplayResumingTckTest extends PublisherTck<OutputChunk> {
    private static final int RING = 4096;

    @Override
    protected Source<OutputChunk, ?> source(long elements) {
        return Replay.resuming(0, from -> {
            Source<OutputChunk, NotUsed> rest = Replay.source(
                    system.vsock(TckGuest.sending(elements - from)),
                    1,
                    new Replay.Granted(
                            ByteString.fromString("opening"),
                            from,
                            from,
                            RING,
                            CompletableFuture.completedStage(elements)));
            return from == 0 ? rest.map(ReplayResumingTckTest::firstOnly) : rest;
        });
    }

    private static OutputChunk firstOnly(OutputChunk chunk) {
        if (chunk.from() > 0) {
            throw new VsockResetException("broke");
        }
        return chunk;
    }

    @Override
    protected Source<OutputChunk, ?> failing() {
        return Replay.resuming(
                0, from -> Source.failed(new AttachException(AttachException.Reason.TAKEN_OVER, "taken over")));
    }
}
