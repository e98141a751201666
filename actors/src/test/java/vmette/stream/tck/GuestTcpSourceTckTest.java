package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.GuestConnectException;

/**
 * The bytes of a TCP connection in the guest, as a publisher: the stage whose connection takes more than a dial. No processor: it has
 * half-close always, and a processor that is cancelled is over.
 */
public class GuestTcpSourceTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        return from(TckGuest.sending(elements), CompletableFuture.completedStage(null));
    }

    @Override
    protected Source<ByteString, ?> failing() {
        return from(TckGuest.silent(), CompletableFuture.failedStage(new GuestConnectException(111, "nobody listens")));
    }

    private Source<ByteString, ?> from(TckGuest guest, CompletionStage<Void> connected) {
        return Source.<ByteString>maybe().via(system.guestTcp(guest, connected).connect(80));
    }
}
