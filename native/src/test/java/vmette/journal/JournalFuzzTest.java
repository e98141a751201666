package vmette.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;

class JournalFuzzTest {
    /** The input is a file, and then the same with each line's checksum put right: what is read of it is written as it was. */
    @FuzzTest
    void whatIsReadIsWhatWasWritten(byte[] bytes) {
        check(bytes);
        ByteArrayOutputStream checked = new ByteArrayOutputStream();
        for (String line : new String(bytes, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            byte[] content = line.getBytes(StandardCharsets.ISO_8859_1);
            CRC32C crc = new CRC32C();
            crc.update(content);
            checked.writeBytes(String.format("%08x ", crc.getValue()).getBytes(StandardCharsets.US_ASCII));
            checked.writeBytes(content);
            checked.write('\n');
        }
        check(checked.toByteArray());
    }

    private static void check(byte[] bytes) {
        JournalCodec.Decoded read = JournalCodec.decode(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int from = 0;
        for (JournalEntry entry : read.entries()) {
            String line = new String(JournalCodec.encode(entry), StandardCharsets.ISO_8859_1);
            int at = text.indexOf(line, from);
            assertThat(at).isGreaterThanOrEqualTo(from);
            from = at + line.length();
        }
        Ledger ledger = Ledger.of(read.entries());
        List<JournalEntry> least = ledger.entries();
        assertThat(least.size()).isLessThanOrEqualTo(read.entries().size());
        assertThat(Ledger.of(least).children()).isEqualTo(ledger.children());
        assertThat(Ledger.of(least).files()).isEqualTo(ledger.files());
    }
}
