package vmette.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class JournalCodecTest {
    @Provide
    static Arbitrary<List<JournalEntry>> journals() {
        Arbitrary<String> text = Arbitraries.strings().ofMaxLength(40);
        Arbitrary<String> identity = Arbitraries.strings()
                .withChars("abc-/%\n\u0000 \u00e9\u20ac")
                .ofMinLength(1)
                .ofMaxLength(20);
        Arbitrary<Long> number = Arbitraries.longs();
        Arbitrary<JournalRecord> record = Arbitraries.oneOf(
                Combinators.combine(identity, number, number, identity).as(JournalRecord.Began::new),
                Combinators.combine(identity, identity, text, text, text, text).as(JournalRecord.Intent::new),
                Combinators.combine(identity, identity, number, number).as(JournalRecord.Spawned::new),
                Combinators.combine(identity, number).as(JournalRecord.Ended::new),
                identity.map(JournalRecord.FileMade::new),
                identity.map(JournalRecord.FileGone::new),
                Combinators.combine(text, number, Arbitraries.of(VmEventKind.class), text)
                        .as(JournalRecord.VmEvent::new));
        Arbitrary<Instant> at = Arbitraries.longs().between(0, 1L << 45).map(Instant::ofEpochMilli);
        return Combinators.combine(at, record).as(JournalEntry::new).list().ofMaxSize(8);
    }

    private static byte[] encode(List<JournalEntry> entries) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        entries.forEach(entry -> bytes.writeBytes(JournalCodec.encode(entry)));
        return bytes.toByteArray();
    }

    @Property
    void whatIsWrittenIsRead(@ForAll("journals") List<JournalEntry> entries) {
        assertThat(JournalCodec.decode(encode(entries))).isEqualTo(new JournalCodec.Decoded(entries, 0));
    }

    @Property(tries = 50)
    void everyPrefixIsAPrefixOfTheRecords(@ForAll("journals") List<JournalEntry> entries) {
        byte[] whole = encode(entries);
        for (int length = 0; length <= whole.length; length++) {
            JournalCodec.Decoded read = JournalCodec.decode(Arrays.copyOf(whole, length));
            assertThat(read.entries())
                    .isEqualTo(entries.subList(0, read.entries().size()));
            boolean torn = length > 0 && whole[length - 1] != '\n';
            assertThat(read.damaged()).isEqualTo(torn ? 1 : 0);
            assertThat(encode(read.entries()).length).isEqualTo(lastLineEnd(whole, length));
        }
    }

    private static int lastLineEnd(byte[] bytes, int length) {
        int end = length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    @Property
    void aDamagedByteCostsTheLinesItIsIn(
            @ForAll("journals") List<JournalEntry> entries, @ForAll int place, @ForAll byte instead) {
        byte[] bytes = encode(entries);
        if (bytes.length == 0) {
            return;
        }
        int at = Math.floorMod(place, bytes.length);
        int costs = bytes[at] == instead ? 0 : bytes[at] == '\n' && at + 1 < bytes.length ? 2 : 1;
        int line = (int) new String(bytes, 0, at, StandardCharsets.ISO_8859_1)
                .chars()
                .filter(each -> each == '\n')
                .count();
        bytes[at] = instead;
        List<JournalEntry> left = new ArrayList<>(entries);
        left.subList(line, line + costs).clear();
        assertThat(JournalCodec.decode(bytes).entries()).isEqualTo(left);
    }

    @Property
    void theLastEventsAreThoseThatFit(
            @ForAll("journals") List<JournalEntry> entries, @ForAll @IntRange(max = 400) int most) {
        List<JournalEntry> last = new ArrayList<>();
        int size = 0;
        for (int i = entries.size() - 1; i >= 0; i--) {
            if (entries.get(i).record() instanceof JournalRecord.VmEvent) {
                size += JournalCodec.encode(entries.get(i)).length;
                if (size > most) {
                    break;
                }
                last.add(0, entries.get(i));
            }
        }
        assertThat(JournalCodec.lastEvents(encode(entries), most)).isEqualTo(encode(last));
    }

    @Property
    void anyBytesAreReadWithoutComplaint(@ForAll byte[] bytes) {
        assertThat(JournalCodec.lastEvents(bytes, Integer.MAX_VALUE)).isEmpty();
        assertThat(JournalCodec.decode(bytes).entries()).isEmpty();
    }

    @Property
    void theLeastEntriesComeToTheSame(@ForAll("journals") List<JournalEntry> entries) {
        Ledger all = Ledger.of(entries);
        Ledger least = Ledger.of(all.entries());
        assertThat(least.entries()).isEqualTo(all.entries());
        assertThat(least.children()).isEqualTo(all.children());
        assertThat(least.files()).isEqualTo(all.files());
        assertThat(least.events()).isEqualTo(all.events());
        assertThat(least.began()).isEqualTo(all.began());
    }

    @Example
    void aLineIsReadableByPeople() {
        JournalEntry entry = new JournalEntry(
                Instant.ofEpochMilli(1234), new JournalRecord.VmEvent("web", 2, VmEventKind.FAILED, "100 % full"));
        assertThat(new String(JournalCodec.encode(entry), StandardCharsets.US_ASCII))
                .matches("[0-9a-f]{8} 1234 vm web 2 FAILED 100%20%25%20full\n");
    }

    @Example
    void textsAreCutAndIdentitiesRefused() {
        String big = "x".repeat(JournalRecord.MAX_IDENTITY + 1);
        assertThat(new JournalRecord.VmEvent(big, 1, VmEventKind.READY, big).detail())
                .hasSize(JournalRecord.MAX_TEXT);
        assertThatThrownBy(() -> new JournalRecord.FileMade(big)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new JournalRecord.FileMade("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new JournalRecord.FileMade("/\ud800")).isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void aSurrogatePairThatIsCutStaysText() {
        String cut = "x".repeat(JournalRecord.MAX_TEXT - 1) + "\ud83d\ude00";
        JournalEntry entry =
                new JournalEntry(Instant.ofEpochMilli(1), new JournalRecord.VmEvent(cut, 1, VmEventKind.READY, ""));
        assertThat(JournalCodec.decode(JournalCodec.encode(entry)).entries()).containsExactly(entry);
    }
}
