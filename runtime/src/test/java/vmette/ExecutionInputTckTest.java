package vmette;

import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.testng.annotations.AfterClass;
import vmette.stream.tck.TckGuest;
import vmette.stream.tck.TckSystem;

/** What a command reads, as a subscriber. */
public class ExecutionInputTckTest extends SubscriberBlackboxVerification<ByteString> {
    private final ExecutionTckFixture fixture = new ExecutionTckFixture();

    public ExecutionInputTckTest() {
        super(TckSystem.environment());
    }

    @AfterClass
    public void stop() {
        fixture.system().stop();
    }

    @Override
    public Subscriber<ByteString> createSubscriber() {
        return Source.<ByteString>asSubscriber()
                .toMat(fixture.command(TckGuest.silent()).stdin(), Keep.left())
                .run(fixture.system().actors());
    }

    @Override
    public ByteString createElement(int element) {
        return ByteString.fromString("element " + element);
    }
}
