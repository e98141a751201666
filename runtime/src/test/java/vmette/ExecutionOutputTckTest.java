package vmette;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;
import vmette.stream.tck.TckGuest;
import vmette.stream.tck.TckSystem;

/** What a command writes, as a publisher. */
public class ExecutionOutputTckTest extends PublisherVerification<ByteString> {
    private final ExecutionTckFixture fixture = new ExecutionTckFixture();

    public ExecutionOutputTckTest() {
        super(TckSystem.environment(), TckSystem.DROPPED_MILLIS);
    }

    @AfterClass
    public void stop() {
        fixture.system().stop();
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
        return fixture.command(guest)
                .stdout()
                .toMat(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), Keep.right())
                .run(fixture.system().actors());
    }
}
