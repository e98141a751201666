package vmette.stream.tck;

import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.testng.annotations.AfterClass;

/** The bytes for the guest of a connection, as a subscriber. */
public class ConnectionSinkTckTest extends SubscriberBlackboxVerification<ByteString> {
    private final TckSystem system = new TckSystem();

    public ConnectionSinkTckTest() {
        super(TckSystem.environment());
    }

    @AfterClass
    public void stop() {
        system.stop();
    }

    @Override
    public Subscriber<ByteString> createSubscriber() {
        return Source.<ByteString>asSubscriber()
                .via(system.vsock(TckGuest.silent()).connect(1))
                .toMat(Sink.ignore(), Keep.left())
                .run(system.actors());
    }

    @Override
    public ByteString createElement(int element) {
        return ByteString.fromString("element " + element);
    }
}
