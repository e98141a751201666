package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessIdentityTest {
    @Test
    void readsTheStartTimeBehindAnyName() {
        String stat = "12 (a) b (c) d) S 1 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 2 3";
        assertThat(ProcessIdentity.parseStartTicks(stat)).contains(98765L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "12 (sh", "12 (sh) S 1 2", "12 (sh) S 1 12 12 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 x 1"})
    void isEmptyForWhatIsNoStat(String stat) {
        assertThat(ProcessIdentity.parseStartTicks(stat)).isEmpty();
    }

    @Test
    void tellsTheLivingFromTheGone() throws Exception {
        assertThat(ProcessIdentity.ofThisJvm())
                .isEqualTo(ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow());
        Process gone = new ProcessBuilder("/bin/true").start();
        gone.waitFor();
        assertThat(ProcessIdentity.of(gone.pid())).isEmpty();
    }

    @Test
    void executablesAreSoughtInAbsoluteDirectoriesOnly() {
        assertThat(Executables.find("sh", "::.:relative:/bin")).contains(Path.of("/bin/sh"));
        assertThat(Executables.find("sh", "/nonexistent::bin")).isEmpty();
        assertThat(Executables.find("passwd", "/etc")).isEmpty();
    }
}
