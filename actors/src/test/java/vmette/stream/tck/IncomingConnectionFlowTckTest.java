package vmette.stream.tck;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.util.concurrent.TimeUnit;

/** A connection that an echoing guest made, as a processor: without half-close, as in {@link ConnectionFlowTckTest}. */
public class IncomingConnectionFlowTckTest extends FlowTck {
    @Override
    protected Flow<ByteString, ByteString, ?> echoing() {
        return incoming(TckGuest.echoing());
    }

    @Override
    protected Flow<ByteString, ByteString, ?> failing() {
        return incoming(TckGuest.refusing());
    }

    private Flow<ByteString, ByteString, ?> incoming(TckGuest guest) {
        return system.vsock(guest)
                .bind(1, 1, false)
                .runWith(Sink.head(), system.actors())
                .toCompletableFuture()
                .orTimeout(TckSystem.DUE_MILLIS, TimeUnit.MILLISECONDS)
                .join()
                .flow();
    }
}
