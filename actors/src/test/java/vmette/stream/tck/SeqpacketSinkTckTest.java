package vmette.stream.tck;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;

/** The messages for the guest of a seqpacket connection, as a subscriber. */
public class SeqpacketSinkTckTest extends SubscriberTck<ByteString> {
    @Override
    protected Sink<ByteString, ?> sink() {
        return Flow.<ByteString>create()
                .via(system.vsock(TckGuest.silent()).connectSeqpacket(1))
                .to(Sink.ignore());
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
