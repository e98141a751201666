package vmette.files;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import vmette.stream.tck.SubscriberTck;

/** What is written to a file, as a subscriber. */
public class FileWriteTckTest extends SubscriberTck<ByteString> {
    @Override
    protected Sink<ByteString, ?> sink() {
        return ExitingBuiltIns.reading(system.actors()).write("/file", 0644);
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
