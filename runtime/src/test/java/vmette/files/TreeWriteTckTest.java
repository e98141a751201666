package vmette.files;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import vmette.stream.tck.SubscriberTck;

/** An archive that is unpacked in the guest, as a subscriber: an operation that has a word for people as well. */
public class TreeWriteTckTest extends SubscriberTck<ByteString> {
    @Override
    protected Sink<ByteString, ?> sink() {
        return ExitingBuiltIns.reading(system.actors()).writeTree("/tree");
    }

    @Override
    public ByteString createElement(int element) {
        return bytes(element);
    }
}
