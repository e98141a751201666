package vmette.stream.tck;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.reactivestreams.Processor;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.IdentityProcessorVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** A connection with a guest that echoes, as a processor: without half-close, since a processor that is cancelled is over. */
public class ConnectionFlowTckTest extends IdentityProcessorVerification<ByteString> {
    private final TckSystem system = new TckSystem();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    public ConnectionFlowTckTest() {
        super(TckSystem.environment(), TckSystem.DROPPED_MILLIS);
    }

    @AfterClass
    public void stop() {
        threads.shutdownNow();
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
    public Processor<ByteString, ByteString> createIdentityProcessor(int bufferSize) {
        return system.vsock(TckGuest.echoing())
                .connect(1, Duration.ofMinutes(1), false)
                .toProcessor()
                .run(system.actors());
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return Source.<ByteString>maybe()
                .via(system.vsock(TckGuest.refusing()).connect(1))
                .toMat(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), Keep.right())
                .run(system.actors());
    }

    /** One: a stream is not a broadcast. */
    @Override
    public long maxSupportedSubscribers() {
        return 1;
    }

    @Override
    public ExecutorService publisherExecutorService() {
        return threads;
    }

    @Override
    public ByteString createElement(int element) {
        return ByteString.fromString("element " + element);
    }
}
