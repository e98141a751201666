package vmette.stream.tck;

import akka.stream.javadsl.AsPublisher;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** The rules of a publisher, for a source. */
public abstract class PublisherTck<T> extends PublisherVerification<T> {
    protected final TckSystem system = new TckSystem();

    protected PublisherTck() {
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

    /** So many elements, then the end. */
    protected abstract Source<T, ?> source(long elements);

    /** Fails without an element. */
    protected abstract Source<T, ?> failing();

    @Override
    public Publisher<T> createPublisher(long elements) {
        return publisher(source(elements));
    }

    @Override
    public Publisher<T> createFailedPublisher() {
        return publisher(failing());
    }

    private Publisher<T> publisher(Source<T, ?> source) {
        return source.toMat(Sink.asPublisher(AsPublisher.WITHOUT_FANOUT), Keep.right())
                .run(system.actors());
    }
}
