package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import vmette.stream.OutputChunk;
import vmette.stream.Replay;

/** An attachment to an output, as a publisher: a gap of one byte, and then a chunk for each byte. */
public class ReplaySourceTckTest extends PublisherTck<OutputChunk> {
    /** So small that every byte is acknowledged. */
    private static final int RING = 4;

    @Override
    protected Source<OutputChunk, ?> source(long elements) {
        long gap = Math.min(1, elements);
        return attached(TckGuest.sending(elements - gap), gap, elements);
    }

    @Override
    protected Source<OutputChunk, ?> failing() {
        return attached(TckGuest.refusing(), 0, 1);
    }

    private Source<OutputChunk, ?> attached(TckGuest guest, long start, long length) {
        return Replay.source(
                system.vsock(guest),
                1,
                new Replay.Granted(
                        ByteString.fromString("opening"), 0, start, RING, CompletableFuture.completedStage(length)));
    }
}
