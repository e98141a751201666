package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JanitorTest {
    private static final String MARK = "0123456789abcdef0123456789abcdef";

    @TempDir
    private Path temporary;

    private Path directory;
    private Path journal;
    private Process child;
    private Janitor janitor;

    @BeforeEach
    void start() throws Exception {
        directory = Files.createDirectory(temporary.resolve("-rf $(touch x) 'it' \"s\""));
        Files.createDirectories(directory.resolve("vm-1/inner"));
        child = new ProcessBuilder("/bin/sleep", "1000").start();
        journal = Files.writeString(temporary.resolve("the journal"), "");
        janitor = Janitor.start(Executables.find("setsid").orElseThrow(), directory, journal, MARK, 2);
    }

    @AfterEach
    void end() {
        janitor.handOver();
        child.destroyForcibly();
    }

    private void awaitJanitor() throws Exception {
        // No handle: it has ended and been reaped already.
        Optional<ProcessHandle> alive = ProcessHandle.of(janitor.pid());
        if (alive.isPresent()) {
            alive.get().onExit().get(60, TimeUnit.SECONDS);
        }
    }

    private ProcessIdentity identity() {
        return ProcessIdentity.of(child.pid()).orElseThrow();
    }

    @Test
    void afterOurDeathItKillsWhatIsLeftAndRemovesTheDirectory() throws Exception {
        janitor.watch(identity());
        janitor.handOver();
        awaitJanitor();
        assertThat(directory).doesNotExist();
        assertThat(child.waitFor()).isEqualTo(137);
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void marksAreKilledAndOnlyThose() throws Exception {
        Process marked = marked(MARK + "-12");
        Process other = marked(MARK + "1");
        try {
            janitor.handOver();
            awaitJanitor();
            assertThat(marked.waitFor()).isEqualTo(137);
            assertThat(other.isAlive()).isTrue();
            assertThat(temporary).isEmptyDirectory();
        } finally {
            marked.destroyForcibly();
            other.destroyForcibly();
        }
    }

    private static Process marked(String mark) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("/bin/sleep", "1000");
        builder.environment().put(SeenProcess.MARK, mark);
        return builder.start();
    }

    @Test
    void theJournalOfAFileThatIsLeftStays() throws Exception {
        Files.writeString(
                journal,
                "01234567 1 file /a\n01234567 2 file /b\n01234567 3 file-gone /a\n01234567 4 vm file 1 READY %\n");
        janitor.handOver();
        awaitJanitor();
        assertThat(directory).doesNotExist();
        assertThat(journal).exists();
    }

    @Test
    void theJournalOfFilesThatAreGoneGoes() throws Exception {
        Files.writeString(journal, "01234567 1 file /a\n01234567 3 file-gone /a\n01234567 4 vm file 1 READY %\n");
        janitor.handOver();
        awaitJanitor();
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void processThatWasGivenThePidLaterIsSpared() throws Exception {
        janitor.watch(new ProcessIdentity(child.pid(), identity().startTicks() + 1));
        janitor.handOver();
        awaitJanitor();
        assertThat(directory).doesNotExist();
        assertThat(child.isAlive()).isTrue();
    }

    @Test
    void forgottenChildIsSpared() throws Exception {
        janitor.watch(identity());
        janitor.watch(new ProcessIdentity(1, 0));
        janitor.forget(identity());
        janitor.handOver();
        awaitJanitor();
        assertThat(directory).doesNotExist();
        assertThat(child.isAlive()).isTrue();
    }

    @Test
    void dismissedItTouchesNothing() throws Exception {
        janitor.watch(identity());
        janitor.dismiss();
        awaitJanitor();
        assertThat(directory.resolve("vm-1/inner")).exists();
        assertThat(child.isAlive()).isTrue();
    }

    @Test
    void itsLossIsNoFailureOfOurs() throws Exception {
        ProcessHandle.of(janitor.pid()).orElseThrow().destroyForcibly();
        awaitJanitor();
        janitor.watch(identity());
        janitor.forget(identity());
        janitor.dismiss();
        assertThat(directory).exists();
    }
}
