package vmette.stream.tck;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** The guest's bytes of a connection, as a publisher. */
public class ConnectionSourceTckTest extends PublisherVerification<ByteString> {
    private final TckSystem system = new TckSystem();

    public ConnectionSourceTckTest() {
        super(TckSystem.environment(), TckSystem.DROPPED_MILLIS);
    }

    @AfterClass
    public void stop() {
        system.stop();
    }

    @Override
    @Test
    public void required_spec313_cancelMustMakeThePublisherEventuallyDropAllReferencesToTheSubscriber()
            throws Throwable {
        TckSystem.patiently(
                this::setUp,
                super::required_spec313_cancelMustMakeThePublisherEventuallyDropAllReferencesToTheSubscriber);
    }

    @Override
    public Publisher<ByteString> createPublisher(long elements) {
        return publisher(TckGuest.sending(elements));
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return publisher(TckGuest.refusing());
    }

    private Publisher<ByteString> publisher(TckGuest guest) {
        return Source.<ByteString>maybe()
                .via(system.vsock(guest).connect(1))
                .toMat(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), Keep.right())
                .run(system.actors());
    }
}
