package vmette.stream.tck;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.TestEnvironment.ManualPublisher;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** The rules of a subscriber, for a sink. */
public abstract class SubscriberTck<T> extends SubscriberBlackboxVerification<T> {
    private static final int MANY = 100;

    protected final TckSystem system = new TckSystem();

    protected SubscriberTck() {
        super(TckSystem.environment());
    }

    @AfterClass
    public void stop() {
        system.stop();
    }

    /** Takes all it is given. */
    protected abstract Sink<T, ?> sink();

    /** The kit's own tests are content with the first bufferful, which Akka asks for whatever the stage does. */
    @Test
    public void oneBufferfulIsAskedForAfterTheOther() throws Exception {
        TestEnvironment environment = TckSystem.environment();
        ManualPublisher<T> publisher = new ManualPublisher<>(environment);
        publisher.subscribe(createSubscriber());
        for (int sent = 0; sent < MANY; ) {
            long asked = publisher.expectRequest();
            for (long i = 0; i < asked; i++) {
                publisher.sendNext(createElement(sent++));
            }
        }
        publisher.sendCompletion();
        environment.verifyNoAsyncErrors();
    }

    @Override
    public Subscriber<T> createSubscriber() {
        return Source.<T>asSubscriber().to(sink()).run(system.actors());
    }

    /** For those that take bytes. */
    protected static ByteString bytes(int element) {
        return ByteString.fromString("element " + element);
    }
}
