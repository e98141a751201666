package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessKillerTest {
    private Process process;

    @BeforeEach
    void start() throws Exception {
        process = new ProcessBuilder("/bin/sleep", "1000").start();
    }

    @AfterEach
    void end() throws Exception {
        process.destroyForcibly().waitFor();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void killsTheOneThatIsMeant(boolean pidfd) throws Exception {
        ProcessIdentity meant = ProcessIdentity.of(process.pid()).orElseThrow();
        ProcessKiller killer = new ProcessKiller(pidfd);
        assertThat(killer.kill(process.pid(), seen -> seen.identity().equals(meant)))
                .isTrue();
        assertThat(process.waitFor()).isEqualTo(137);
        assertThat(killer.kill(process.pid(), seen -> seen.identity().equals(meant)))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sparesOneThatIsAnotherByThen(boolean pidfd) {
        assertThat(new ProcessKiller(pidfd).kill(process.pid(), seen -> false)).isFalse();
        assertThat(process.isAlive()).isTrue();
    }
}
