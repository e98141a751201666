package vmette.log;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.util.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import vmette.stream.Await;

/** Readers of several kinds, while a writer writes as fast as it can. */
class VmLogPropertiesTest {
    private static final Pattern GAP =
            Pattern.compile("\n?--- ([0-9]+) bytes? w(?:as|ere) overwritten before (?:it was|they were) read\n");

    private static ActorTestKit kit;

    @BeforeContainer
    static void startSystem() {
        kit = ActorTestKit.create();
    }

    @AfterContainer
    static void stopSystem() {
        kit.shutdownTestKit();
    }

    @Property(tries = 60)
    void whatEachGetsIsASuffixWithExactGaps(
            @ForAll @Size(min = 2, max = 80) List<@IntRange(max = 40_000) Integer> writes,
            @ForAll @IntRange(max = 100_000) int keep,
            @ForAll @IntRange(max = 1000) int lines) {
        LogRing ring = new LogRing(keep);
        StringBuilder all = new StringBuilder();
        write(ring, all, writes.subList(0, writes.size() / 2));
        CompletionStage<List<ByteString>> eager = ring.log().follow(lines).runWith(Sink.seq(), kit.system());
        CompletionStage<List<ByteString>> kept = ring.log().last(lines).runWith(Sink.seq(), kit.system());
        SinkQueueWithCancel<ByteString> idle = ring.log().follow(lines).runWith(Sink.queue(), kit.system());
        write(ring, all, writes.subList(writes.size() / 2, writes.size()));
        ring.end();
        assertIsSuffix(all, Await.value(eager));
        assertIsSuffix(all, drained(idle));
        // Where it ended depends on when it began.
        assertIsPart(all, Await.value(kept));
        assertIsSuffix(all, Await.value(ring.log().last(lines).runWith(Sink.seq(), kit.system())));
    }

    private static void write(LogRing ring, StringBuilder all, List<Integer> sizes) {
        for (int size : sizes) {
            StringBuilder text = new StringBuilder(size);
            for (int i = 0; i < size; i++) {
                text.append((char) (i % 71 == 70 ? '\n' : 'a' + (all.length() + i * 7) % 26));
            }
            all.append(text);
            ring.append(text.toString().getBytes(US_ASCII));
        }
    }

    private static List<ByteString> drained(SinkQueueWithCancel<ByteString> queue) {
        List<ByteString> chunks = new ArrayList<>();
        for (Optional<ByteString> next = Await.value(queue.pull());
                next.isPresent();
                next = Await.value(queue.pull())) {
            chunks.add(next.get());
        }
        return chunks;
    }

    private static long size(ByteString chunk) {
        Matcher gap = GAP.matcher(chunk.utf8String());
        return gap.matches() ? Long.parseLong(gap.group(1)) : chunk.size();
    }

    private static void assertIsSuffix(CharSequence all, List<ByteString> chunks) {
        long covered = chunks.stream().mapToLong(VmLogPropertiesTest::size).sum();
        assertThat(covered).isLessThanOrEqualTo(all.length());
        assertThat(isAt(all, chunks, all.length() - (int) covered)).as("suffix").isTrue();
    }

    private static void assertIsPart(CharSequence all, List<ByteString> chunks) {
        long covered = chunks.stream().mapToLong(VmLogPropertiesTest::size).sum();
        boolean found = false;
        for (int from = 0; !found && from <= all.length() - covered; from++) {
            found = isAt(all, chunks, from);
        }
        assertThat(found).as("part").isTrue();
    }

    private static boolean isAt(CharSequence all, List<ByteString> chunks, int from) {
        int position = from;
        for (ByteString chunk : chunks) {
            int next = position + (int) size(chunk);
            boolean gap = GAP.matcher(chunk.utf8String()).matches();
            if (!gap && !chunk.utf8String().contentEquals(all.subSequence(position, next))) {
                return false;
            }
            position = next;
        }
        return true;
    }
}
