package vmette.files;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import vmette.errors.VmLostException;
import vmette.stream.tck.PublisherTck;

/** A directory as an archive, as a publisher: an operation that has a word for people as well. */
public class TreeReadTckTest extends PublisherTck<ByteString> {
    @Override
    protected Source<ByteString, ?> source(long elements) {
        return read(Source.repeat(ByteString.fromString("chunk")).take(elements));
    }

    @Override
    protected Source<ByteString, ?> failing() {
        return read(Source.failed(new VmLostException("the VM is gone")));
    }

    private Source<ByteString, ?> read(Source<ByteString, NotUsed> output) {
        return ExitingBuiltIns.writing(output, system.actors()).readTree("/tree");
    }
}
