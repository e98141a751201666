package vmette.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.util.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import vmette.errors.VmetteIoException;

class EntryDecoderTest {
    private static final int REGULAR = 0100000;
    private static final int LINK = 0120000;

    private static FileEntry file(String name, int mode, long size, long seconds) {
        return new FileEntry(
                name,
                FileKind.FILE,
                mode,
                size,
                0xffff_ffffL,
                1000,
                1,
                Instant.ofEpochSecond(seconds, 7),
                Optional.empty(),
                0,
                0);
    }

    @Property
    void recordsComeBackWhateverTheChunks(
            @ForAll @Size(max = 20) List<@StringLength(max = 60) String> names,
            @ForAll @IntRange(min = 0, max = 07777) int mode,
            @ForAll @LongRange(min = 0) long size,
            @ForAll @LongRange(min = -100_000_000_000L, max = 100_000_000_000L) long seconds,
            @ForAll @IntRange(min = 1, max = 200) int chunk) {
        List<FileEntry> entries = new ArrayList<>();
        ByteString bytes = ByteString.emptyByteString();
        for (String each : names) {
            FileEntry entry = file(each.replaceAll("[\0\\p{Cs}/.]", ""), mode, size, seconds);
            entries.add(entry);
            bytes = bytes.concat(Records.of(entry, REGULAR));
        }
        EntryDecoder decoder = new EntryDecoder("test");
        List<FileEntry> decoded = new ArrayList<>();
        for (int at = 0; at < bytes.size(); at += chunk) {
            decoded.addAll(decoder.decode(bytes.slice(at, Math.min(bytes.size(), at + chunk))));
        }
        decoder.end();
        assertThat(decoded).isEqualTo(entries);
    }

    @Property
    void anyBytesAreRecordsOrAreRefused(@ForAll byte[] bytes) {
        decodeHostile(ByteString.fromArray(bytes));
    }

    @Property
    void aDamagedRecordIsARecordOrRefused(
            @ForAll @IntRange(min = 0, max = 71) int at, @ForAll byte value, @ForAll @IntRange(max = 72) int cut) {
        FileEntry link = new FileEntry(
                "link-name", FileKind.SYMBOLIC_LINK, 0777, 7, 0, 0, 1, Instant.EPOCH, Optional.of("target/"), 0, 0);
        byte[] bytes = Records.encode(link, LINK);
        assertThat(bytes).hasSize(72);
        bytes[at] = value;
        decodeHostile(ByteString.fromArray(bytes).take(Math.abs(cut)));
    }

    private static void decodeHostile(ByteString bytes) {
        EntryDecoder decoder = new EntryDecoder("test");
        try {
            decoder.decode(bytes).forEach(entry -> assertThat(entry.size()).isNotNegative());
            decoder.end();
        } catch (VmetteIoException refused) {
            assertThat(refused).hasMessageContaining("VM test").hasMessageContaining("protocol");
        }
    }

    @Example
    void aNameIsOneNameInTheDirectoryAndLeadsNowhereElse() {
        for (String name : List.of("/etc/passwd", "../up", "a/b", ".", "..", "/")) {
            assertThatThrownBy(() -> new EntryDecoder("test").decode(Records.of(file(name, 0644, 0, 0), REGULAR)))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("leads elsewhere");
        }
        assertThat(new EntryDecoder("test").decode(Records.of(file("...", 0644, 0, 0), REGULAR)))
                .hasSize(1);
    }

    @Example
    void anAnnouncedLengthIsCheckedAtOnce() {
        for (int[] length : new int[][] {{0, 0, 0, 0}, {51, 0, 0, 0}, {1, 32, 0, 0}, {255, 255, 255, 255}}) {
            assertThatThrownBy(() -> new EntryDecoder("test").decode(ByteString.fromInts(length)))
                    .isInstanceOf(VmetteIoException.class);
        }
    }
}
