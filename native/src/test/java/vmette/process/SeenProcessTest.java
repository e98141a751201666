package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SeenProcessTest {
    // Becomes another program some thousand times.
    private static final String CHANGING =
            "N=$((${N:-0} + 1)); export N; [ $N -gt 3000 ] || exec /bin/sh -c \"$0\" \"$0\"; exit 0";

    /** Looked at as often as can be: at about each thirtieth look the kernel shows no environment. */
    @Test
    void oneThatBecomesAnotherProgramIsNeverSeenWithoutItsMarkButAsChanging() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", CHANGING, CHANGING);
        builder.environment().put(SeenProcess.MARK, "the mark");
        Process process = builder.redirectError(Redirect.DISCARD).start();
        int looks = 0;
        int changing = 0;
        try {
            while (process.isAlive()) {
                Optional<SeenProcess> seen = SeenProcess.of(process.pid());
                if (seen.isEmpty() || seen.get().ended()) {
                    continue;
                }
                // Not before its first program: until then it is a copy of this JVM.
                if (seen.get().mark().isPresent() || looks > 0) {
                    looks++;
                    changing += seen.get().changing() ? 1 : 0;
                    if (!seen.get().changing() && !seen.get().mark().equals(Optional.of("the mark"))) {
                        // Its memory is gone: it is about to be dead.
                        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
                    }
                }
            }
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(looks).isGreaterThan(100);
        assertThat(changing).isPositive();
    }

    @Test
    void oneWithoutAnEnvironmentIsSimplyWithoutAMark() throws Exception {
        Process process = new ProcessBuilder("/usr/bin/env", "-i", "/bin/sleep", "1000")
                .redirectInput(Redirect.from(new File("/dev/null")))
                .start();
        try {
            Optional<SeenProcess> seen = SeenProcess.of(process.pid());
            while (!ProcessHandle.of(process.pid())
                    .flatMap(handle -> handle.info().command())
                    .orElse("")
                    .endsWith("sleep")) {
                seen = SeenProcess.of(process.pid());
                Thread.onSpinWait();
            }
            while (seen.orElseThrow().changing() || seen.get().mark().isPresent()) {
                seen = SeenProcess.of(process.pid());
            }
            assertThat(seen.get().mark()).isEmpty();
            assertThat(seen.get().ended()).isFalse();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void threadsOfTheKernelDoNotChange() throws Exception {
        assertThat(SeenProcess.all()).isNotEmpty();
        assertThat(SeenProcess.of(2).filter(SeenProcess::changing)).isEmpty();
    }
}
