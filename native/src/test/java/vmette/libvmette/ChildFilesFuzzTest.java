package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

class ChildFilesFuzzTest {
    /** The input is an order, and a report: either is refused, or means what would be written like that. */
    @FuzzTest
    void whatIsReadIsWhatWouldBeWritten(byte[] bytes) {
        try {
            assertThat(RunOrderCodec.encode(RunOrderCodec.decode(bytes))).isEqualTo(bytes);
        } catch (InvalidConfigException refused) {
            assertThat(refused).hasMessageMatching("(?s).+");
        }
        Optional<ChildReport> report = ChildReport.decode(bytes);
        // What could move a reader's cursor is made harmless by the first reading.
        report.ifPresent(read -> assertThat(ChildReport.decode(read.encode())).contains(read));
    }
}
