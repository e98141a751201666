package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;

/** The guest's bytes of a connection, as a publisher. */
public class ConnectionSourceTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        return from(TckGuest.sending(elements));
    }

    @Override
    protected Source<ByteString, ?> failing() {
        return from(TckGuest.refusing());
    }

    private Source<ByteString, ?> from(TckGuest guest) {
        return Source.<ByteString>maybe().via(system.vsock(guest).connect(1));
    }
}
