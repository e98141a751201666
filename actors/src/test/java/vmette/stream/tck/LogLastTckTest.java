package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import org.reactivestreams.Publisher;
import vmette.log.LogRing;

/** What is kept of a log, as a publisher of chunks. */
public class LogLastTckTest extends PublisherTck<ByteString> {
    private static final int CHUNK = 64 * 1024;
    private static final int MOST = 100;

    @Override
    protected Source<ByteString, ?> source(long elements) {
        LogRing ring = new LogRing(CHUNK * MOST);
        for (int i = 0; i < elements; i++) {
            ring.append(new byte[CHUNK]);
        }
        return ring.log().last(Integer.MAX_VALUE);
    }

    @Override
    public long maxElementsFromPublisher() {
        return MOST;
    }

    /** None ever fails. */
    @Override
    protected Source<ByteString, ?> failing() {
        throw new AssertionError("there is none");
    }

    @Override
    public Publisher<ByteString> createFailedPublisher() {
        return null;
    }
}
