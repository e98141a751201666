package vmette.files;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import vmette.errors.VmLostException;
import vmette.stream.tck.PublisherTck;

/** What is in a directory, as a publisher: every entry comes in two chunks. */
public class ListTckTest extends PublisherTck<FileEntry> {
    private static final int S_IFREG = 0100000;

    @Override
    protected Source<FileEntry, ?> source(long elements) {
        ByteString record = Records.of(
                new FileEntry("file", FileKind.FILE, 0644, 1, 0, 0, 1, Instant.EPOCH, Optional.empty(), 0, 0), S_IFREG);
        return list(Source.repeat(record).take(elements).mapConcat(whole -> List.of(whole.take(5), whole.drop(5))));
    }

    @Override
    protected Source<FileEntry, ?> failing() {
        return list(Source.failed(new VmLostException("the VM is gone")));
    }

    private Source<FileEntry, ?> list(Source<ByteString, NotUsed> output) {
        return ExitingBuiltIns.writing(output, system.actors()).list("/directory");
    }
}
