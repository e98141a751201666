package vmette.stream.tck;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Publisher;
import vmette.log.LogRing;

/** A log that is followed, as a publisher: a byte is written whenever the one before was taken. */
public class LogFollowTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        LogRing ring = new LogRing(10);
        AtomicLong left = new AtomicLong(elements);
        write(ring, left);
        return ring.log().follow(1).map(chunk -> {
            write(ring, left);
            return chunk;
        });
    }

    private static void write(LogRing ring, AtomicLong left) {
        if (left.getAndDecrement() > 0) {
            ring.append(new byte[1]);
        } else {
            ring.end();
        }
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
