package vmette.stream.tck;

import akka.NotUsed;
import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Processor;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.IdentityProcessorVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** A connection that an echoing guest made, as a processor: without half-close, as in {@link ConnectionFlowTckTest}. */
public class IncomingConnectionFlowTckTest extends IdentityProcessorVerification<ByteString> {
    private final TckSystem system = new TckSystem();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    public IncomingConnectionFlowTckTest() {
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
        return incoming(TckGuest.echoing()).toProcessor().run(system.actors());
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return Source.<ByteString>maybe()
                .via(incoming(TckGuest.refusing()))
                .toMat(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), Keep.right())
                .run(system.actors());
    }

    private Flow<ByteString, ByteString, NotUsed> incoming(TckGuest guest) {
        return system.vsock(guest)
                .bind(1, 1, false)
                .runWith(Sink.head(), system.actors())
                .toCompletableFuture()
                .orTimeout(TckSystem.DUE_MILLIS, TimeUnit.MILLISECONDS)
                .join()
                .flow();
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
