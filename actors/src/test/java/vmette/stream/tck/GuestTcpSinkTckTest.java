package vmette.stream.tck;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;

/** The bytes for a TCP connection in the guest, as a subscriber. */
public class GuestTcpSinkTckTest extends SubscriberTck<ByteString> {
    @Override
    protected Sink<ByteString, ?> sink() {
        return Flow.<ByteString>create()
                .via(system.guestTcp(TckGuest.silent(), CompletableFuture.completedStage(null))
                        .connect(80))
                .to(Sink.ignore());
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
