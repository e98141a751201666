package vmette;

import akka.stream.javadsl.Source;
import vmette.actors.RunningTickets;
import vmette.stream.OutputChunk;
import vmette.stream.tck.PublisherTck;
import vmette.stream.tck.TckGuest;

/** An output of a detached command from an offset, as a publisher: a gap of one byte, and then a chunk for each byte. */
public class AttachmentTckTest extends PublisherTck<OutputChunk> {
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
        return new DetachedExecution(RunningTickets.detached(start, length, system.actors()), system.vsock(guest))
                .attachStdout(0);
    }
}
