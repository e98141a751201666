package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.Status;
import vmette.errors.VmLostException;
import vmette.vmm.VmmExit;

class RunEndingTest {
    private static final Optional<ChildReport> NOTHING = Optional.empty();

    private static RunEnding ending(
            boolean loaded, boolean quit, boolean late, Optional<ChildReport> outcome, boolean exitCalled, int status) {
        return new RunEnding(
                "web",
                loaded,
                quit,
                late,
                Duration.ofSeconds(9),
                outcome,
                exitCalled,
                status,
                List.of("1", "2", "3", "4"));
    }

    private static Optional<ChildReport> ran(int status, int code) {
        return Optional.of(new ChildReport.Ran(status, code));
    }

    @ParameterizedTest
    @CsvSource({
        "1, INVALID_CONFIG, NOT_STARTED",
        "2, START_FAILED, NOT_STARTED",
        "3, RESTORE_FAILED, NOT_STARTED",
        "4, SAVE_FAILED, CRASHED",
        "5, SNAPSHOT_UNSUPPORTED, NOT_STARTED",
        "6, TIMEOUT, NOT_STARTED",
        "7, VSOCK, CRASHED",
        "8, IO, CRASHED",
        "9, START_FAILED, NOT_STARTED",
        "10, START_FAILED, NOT_STARTED",
        "77, START_FAILED, NOT_STARTED",
        "-1, START_FAILED, NOT_STARTED"
    })
    void aStatusIsAFailureOfItsKind(int returned, Status kind, VmmExit.Reason reason) {
        RunEnding.Verdict verdict =
                ending(true, false, false, ran(returned, 0), true, 0).judge();
        assertThat(verdict.end()).isEmpty();
        assertThat(verdict.failure().orElseThrow().status()).isEqualTo(kind);
        assertThat(verdict.failure().orElseThrow())
                .hasMessageContaining("VM web: libvmette's run returned " + returned)
                .hasMessageEndingWith(": 2; 3; 4");
        assertThat(verdict.exit().reason()).isEqualTo(reason);
    }

    @Test
    void whatTheRunReturnedCountsWhateverCameAfterIt() {
        for (boolean quit : new boolean[] {false, true}) {
            RunEnding.Verdict verdict =
                    ending(true, quit, false, ran(0, 124), false, 137).judge();
            assertThat(verdict.end()).contains(new RunEnd.Returned(124));
            assertThat(verdict.failure()).isEmpty();
            assertThat(verdict.exit())
                    .isEqualTo(new VmmExit(VmmExit.Reason.GUEST_POWEROFF, 137, "the run ended with exit code 124"));
        }
    }

    @Test
    void exitAndSignalAreToldApart() {
        assertThat(ending(true, false, false, NOTHING, true, 137).judge().end())
                .contains(new RunEnd.ProcessExited(137));
        assertThat(ending(true, false, false, NOTHING, false, 128).judge().end())
                .contains(new RunEnd.ProcessExited(128));
        RunEnding.Verdict killed =
                ending(true, false, false, NOTHING, false, 139).judge();
        assertThat(killed.end()).isEmpty();
        assertThat(killed.failure().orElseThrow())
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("was killed by signal 11 (SEGV): 2; 3; 4");
        assertThat(killed.exit().reason()).isEqualTo(VmmExit.Reason.CRASHED);
    }

    @Test
    void whoNeverLoadedTheLibraryHasNotStarted() {
        RunEnding.Verdict ended = ending(false, false, false, NOTHING, true, 1).judge();
        assertThat(ended.failure().orElseThrow())
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("exited with status 1 before it had loaded libvmette");
        assertThat(ended.exit().reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertThat(ending(false, false, true, NOTHING, false, 137).judge().failure())
                .containsInstanceOf(OperationTimeoutException.class);
        Optional<ChildReport> refused = Optional.of(new ChildReport.Refused("no such symbol"));
        assertThat(ending(false, false, false, refused, true, 0)
                        .judge()
                        .failure()
                        .orElseThrow())
                .isInstanceOf(StartFailedException.class)
                .hasMessage("VM web: no such symbol");
    }

    @Test
    void whoWasToldToQuitEndedOnRequest() {
        Optional<ChildReport> refused = Optional.of(new ChildReport.Refused("interrupted"));
        for (Optional<ChildReport> outcome : List.of(NOTHING, refused)) {
            RunEnding.Verdict verdict =
                    ending(false, true, false, outcome, false, 137).judge();
            assertThat(verdict.exit()).isEqualTo(new VmmExit(VmmExit.Reason.REQUESTED, 137, "ended on request"));
            assertThat(verdict.failure()).containsInstanceOf(VmLostException.class);
        }
    }
}
