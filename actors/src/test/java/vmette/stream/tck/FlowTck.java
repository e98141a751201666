package vmette.stream.tck;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.reactivestreams.Processor;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.IdentityProcessorVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** The rules of a processor, for a flow of bytes. */
public abstract class FlowTck extends IdentityProcessorVerification<ByteString> {
    protected final TckSystem system = new TckSystem();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    protected FlowTck() {
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

    /** Gives back what it takes, element by element. */
    protected abstract Flow<ByteString, ByteString, ?> echoing();

    /** Fails without an element. */
    protected abstract Flow<ByteString, ByteString, ?> failing();

    @Override
    public Processor<ByteString, ByteString> createIdentityProcessor(int bufferSize) {
        return echoing().toProcessor().run(system.actors());
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return Source.<ByteString>maybe()
                .via(failing())
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
