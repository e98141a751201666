package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.journal.JournalRecord;
import vmette.journal.OwnedChild;

class ReapingVerdictTest {
    private static final String BOOT = "boot/pid:[1]";

    /** The child has the mark M and, where it was told, pid 10 and start time 100. */
    @ParameterizedTest
    @CsvSource({
        // told, same boot, pid, start, zombie, mark, verdict
        "true,  true,  10, 100, false, M, MARKED",
        "true,  true,  10, 100, false, -, IDENTIFIED",
        "true,  true,  10, 100, false, N, OTHERS",
        "true,  true,  10, 100, true,  -, ENDED",
        "true,  true,  10, 101, false, -, RECYCLED",
        "true,  true,  10,  99, false, -, RECYCLED",
        "true,  true,  11, 100, false, -, STRANGER",
        "true,  true,  11, 200, false, M, MARKED",
        "true,  true,  11, 200, true,  M, ENDED",
        "true,  false, 10, 100, false, -, OTHER_BOOT",
        "true,  false, 10, 100, false, M, OTHER_BOOT",
        "false, true,  10, 100, false, M, MARKED",
        "false, true,  10, 100, false, -, STRANGER",
        "false, true,  10, 100, false, N, OTHERS",
        "false, true,  10, 100, false, MM, OTHERS",
        "false, false, 10, 100, false, M, OTHER_BOOT",
    })
    void table(boolean told, boolean sameBoot, long pid, long start, boolean zombie, String mark, String verdict) {
        Optional<JournalRecord.Spawned> spawned =
                told ? Optional.of(new JournalRecord.Spawned("M", BOOT, 10, 100)) : Optional.empty();
        SeenProcess seen = new SeenProcess(
                new ProcessIdentity(pid, start),
                zombie,
                false,
                mark.equals("-") ? Optional.empty() : Optional.of(mark));
        ReapingVerdict decided = ReapingVerdict.of(
                new OwnedChild("M", BOOT, "a child", spawned), sameBoot ? BOOT : "boot/pid:[2]", seen);
        assertThat(decided).hasToString(verdict);
        assertThat(decided.isOurs()).isEqualTo(verdict.equals("MARKED") || verdict.equals("IDENTIFIED"));
    }

    @Test
    void aMarkIsAVariableOfThatVeryName() {
        assertThat(mark("A=b\0VMETTE_MARK=00ff\0C=d\0")).contains("00ff");
        assertThat(mark("VMETTE_MARK=00ff")).contains("00ff");
        assertThat(mark("XVMETTE_MARK=1\0VMETTE_MARKS=2\0A=VMETTE_MARK=3\0")).isEmpty();
        assertThat(mark("")).isEmpty();
    }

    private static Optional<String> mark(String environ) {
        return SeenProcess.mark(environ.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void bootsAreToldApartByNamespaceToo() {
        assertThat(BootIdentity.ofThisHost()).matches("[0-9a-f-]{36}/pid:\\[[0-9]+]");
    }
}
