package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;

/**
 * The guest's messages of a seqpacket connection, as a publisher. No processor: these have half-close always, and a processor that
 * is cancelled is over.
 */
public class SeqpacketSourceTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        return from(TckGuest.sending(elements));
    }

    @Override
    protected Source<ByteString, ?> failing() {
        return from(TckGuest.refusing());
    }

    private Source<ByteString, ?> from(TckGuest guest) {
        return Source.<ByteString>maybe().via(system.vsock(guest).connectSeqpacket(1));
    }
}
