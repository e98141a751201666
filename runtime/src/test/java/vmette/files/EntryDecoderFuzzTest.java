package vmette.files;

import static org.assertj.core.api.Assertions.assertThat;

import akka.util.ByteString;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import vmette.errors.VmetteIoException;

class EntryDecoderFuzzTest {
    private static final Path SOMEWHERE = Path.of("/some/where");

    /** What came of an output: the records, and why it is not to be believed, if it is not. */
    private record Outcome(List<FileEntry> entries, Optional<String> refusal) {}

    /** The input is what a guest's list says. */
    @FuzzTest
    void anyOutputHasOneMeaningHoweverItIsCut(byte[] bytes) {
        Outcome outcome = decode(bytes, 1 + bytes.length);
        assertThat(decode(bytes, 2).refusal()).isEqualTo(outcome.refusal());
        Outcome pieces = decode(bytes, 2 + bytes.length / 3);
        assertThat(pieces.refusal()).isEqualTo(outcome.refusal());
        if (outcome.refusal().isEmpty()) {
            assertThat(decode(bytes, 2)).isEqualTo(outcome);
            assertThat(pieces).isEqualTo(outcome);
        }
        outcome.refusal().ifPresent(why -> assertThat(why).contains("VM fuzzed").doesNotContain("null"));

        for (FileEntry entry : outcome.entries()) {
            assertThat(entry.size()).isNotNegative();
            assertThat(entry.mode()).isBetween(0, 07777);
            assertThat(entry.target().isPresent()).isEqualTo(entry.kind() == FileKind.SYMBOLIC_LINK);
            assertStaysInItsDirectory(entry.name());
        }
        // what was understood can be said, and means the same
        byte[] again = encode(outcome.entries());
        assertThat(decode(again, 1 + again.length)).isEqualTo(new Outcome(outcome.entries(), Optional.empty()));
    }

    private static void assertStaysInItsDirectory(String name) {
        assertThat(name).doesNotContain("/", "\0");
        if (!name.isEmpty() && name.chars().allMatch(c -> c < 0x80)) {
            Path path = SOMEWHERE.resolve(name);
            assertThat(path.normalize().getParent()).isEqualTo(SOMEWHERE);
        }
    }

    /** In pieces of less than {@code bound} bytes, the same ones for the same bytes; the whole where it is beyond them. */
    private static Outcome decode(byte[] bytes, int bound) {
        EntryDecoder decoder = new EntryDecoder("fuzzed");
        Random random = new Random(Arrays.hashCode(bytes));
        List<FileEntry> entries = new ArrayList<>();
        try {
            for (int at = 0; at < bytes.length; ) {
                int size =
                        bound > bytes.length ? bytes.length - at : Math.min(bytes.length - at, random.nextInt(bound));
                entries.addAll(decoder.decode(ByteString.fromArray(bytes, at, size)));
                at += size;
            }
            decoder.end();
            return new Outcome(entries, Optional.empty());
        } catch (VmetteIoException e) {
            return new Outcome(entries, Optional.of(e.getMessage()));
        }
    }

    private static byte[] encode(List<FileEntry> entries) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (FileEntry entry : entries) {
            int type = IntStream.range(0, 16)
                    .map(i -> i << 12)
                    .filter(mode -> FileKind.of(mode).equals(Optional.of(entry.kind())))
                    .findFirst()
                    .orElseThrow();
            bytes.writeBytes(Records.encode(entry, type));
        }
        return bytes.toByteArray();
    }
}
