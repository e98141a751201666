package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;

class ChildProcessTest {
    private static final Duration GENEROUS = Duration.ofSeconds(60);

    /** Writes its child's process id and its own into files, then both wait for long. */
    private static final List<String> FAMILY =
            List.of("/bin/sh", "-c", "sleep 1000 & echo $! > child; echo $$ > parent.new; mv parent.new parent; wait");

    @TempDir
    Path scratch;

    @Test
    void outputsAndExitStatusAreGiven() throws IOException {
        ChildProcess child =
                ChildProcess.run(List.of("/bin/sh", "-c", "cat; echo out; echo err >&2; exit 3"), scratch, GENEROUS);
        assertThat(child).isEqualTo(new ChildProcess(3, "out\n", "err\n"));
        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void aProgramThatIsNotThereCannotBeStarted() {
        assertThatThrownBy(() -> ChildProcess.run(List.of("no-such-program"), scratch, GENEROUS))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no-such-program");
    }

    @Test
    void theTimeoutEndsAllOfTheFamily() throws IOException {
        assertThatThrownBy(() -> ChildProcess.run(FAMILY, scratch, Duration.ofSeconds(4)))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("stopped after 4 s");
        assertGone("parent");
        assertGone("child");
    }

    @Test
    void anInterruptEndsAllOfTheFamily() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> interrupted = new AtomicReference<>();
        Thread runner = new Thread(() -> {
            try {
                ChildProcess.run(FAMILY, scratch, GENEROUS);
            } catch (IOException | RuntimeException e) {
                thrown.set(e);
                interrupted.set(Thread.currentThread().isInterrupted());
            }
        });
        runner.start();
        Instant deadline = Instant.now().plus(GENEROUS);
        while (!Files.exists(scratch.resolve("parent")) && Instant.now().isBefore(deadline)) {
            Thread.onSpinWait();
        }
        runner.interrupt();
        runner.join(GENEROUS.toMillis());
        assertThat(thrown.get()).isInstanceOf(VmetteIoException.class).hasMessageContaining("interrupted");
        assertThat(interrupted.get()).isTrue();
        assertGone("parent");
        assertGone("child");
    }

    private void assertGone(String file) throws IOException {
        long pid = Long.parseLong(Files.readString(scratch.resolve(file)).strip());
        CompletableFuture<?> gone = ProcessHandle.of(pid)
                .<CompletableFuture<?>>map(ProcessHandle::onExit)
                .orElseGet(() -> CompletableFuture.completedFuture(null));
        assertThat(gone.orTimeout(GENEROUS.toSeconds(), TimeUnit.SECONDS)).succeedsWithin(GENEROUS);
    }
}
