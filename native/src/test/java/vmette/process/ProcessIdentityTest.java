package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
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
