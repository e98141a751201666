package vmette.stream.tck;

import akka.stream.javadsl.Flow;
import akka.util.ByteString;
import java.time.Duration;

/** A connection with a guest that echoes, as a processor: without half-close, since a processor that is cancelled is over. */
public class ConnectionFlowTckTest extends FlowTck {
    @Override
    protected Flow<ByteString, ByteString, ?> echoing() {
        return system.vsock(TckGuest.echoing()).connect(1, Duration.ofMinutes(1), false);
    }

    @Override
    protected Flow<ByteString, ByteString, ?> failing() {
        return system.vsock(TckGuest.refusing()).connect(1);
    }
}
