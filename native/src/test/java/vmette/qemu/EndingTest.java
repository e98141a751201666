package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.vmm.VmmExit;

class EndingTest {
    private static final String PANIC = "[    1.0] Kernel panic - not syncing: No working init found.";

    @ParameterizedTest
    @CsvSource({
        // started, quit, reason, panicked event, panic on console, status -> reason
        "true, false, guest-shutdown, false, false, 0, GUEST_POWEROFF",
        "true, true, guest-shutdown, false, false, 0, GUEST_POWEROFF",
        "true, false, guest-reset, false, false, 0, GUEST_RESET",
        "true, false, guest-reset, false, true, 0, GUEST_PANIC",
        "true, false, guest-shutdown, false, true, 0, GUEST_POWEROFF",
        "true, false, guest-panic, false, false, 0, GUEST_PANIC",
        "true, false, '', true, false, 0, GUEST_PANIC",
        "true, true, host-qmp-quit, false, false, 0, REQUESTED",
        "true, true, '', false, false, 137, REQUESTED",
        "false, true, '', false, false, 137, REQUESTED",
        "true, false, host-signal, false, false, 0, CRASHED",
        "true, false, '', false, false, 137, CRASHED",
        "true, false, '', false, true, 139, CRASHED",
        "true, false, '', false, false, 0, CRASHED",
        "false, false, '', false, false, 1, NOT_STARTED",
        "false, false, guest-shutdown, false, false, 0, GUEST_POWEROFF"
    })
    void isClassified(
            boolean started,
            boolean quit,
            String reason,
            boolean panicked,
            boolean panicOnConsole,
            int status,
            VmmExit.Reason expected) {
        List<String> console = panicOnConsole ? List.of("booting", PANIC, "Rebooting.") : List.of("booting");
        VmmExit exit = new Ending(started, quit, reason, panicked, status, console).classify();
        assertThat(exit.reason()).isEqualTo(expected);
        assertThat(exit.exitCode()).isEqualTo(status);
        assertThat(exit.detail()).isNotBlank();
        if (expected == VmmExit.Reason.GUEST_PANIC && panicOnConsole) {
            assertThat(exit.detail()).isEqualTo(PANIC);
        }
    }

    @Test
    void aKillOfOursForALostConnectionIsNoCrash() {
        VmmExit exit = new Ending(true, false, "", false, 137, List.of("a")).classifyAbandoned();
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.CONNECTION_LOST);
        assertThat(exit.detail()).contains("control connection was lost").endsWith(": a");
        assertThat(new Ending(true, false, "guest-shutdown", false, 137, List.of())
                        .classifyAbandoned()
                        .reason())
                .isEqualTo(VmmExit.Reason.GUEST_POWEROFF);
    }

    @Test
    void detailNamesSignalAndLastLines() {
        Ending killed = new Ending(true, false, "", false, 137, List.of("a", "b", "c"));
        assertThat(killed.classify().detail())
                .startsWith("QEMU was killed by signal 9 (KILL")
                .endsWith(": b; c");
        Ending refused = new Ending(false, false, "", false, 1, List.of());
        assertThat(refused.classify().detail()).isEqualTo("QEMU exited with status 1");
    }

    @Test
    void resetWithoutAWordPointsAtTheMemory() {
        Ending tooSmall = new Ending(false, false, "guest-reset", false, 0, List.of());
        assertThat(tooSmall.classify().reason()).isEqualTo(VmmExit.Reason.GUEST_RESET);
        assertThat(tooSmall.describeFailedStart()).contains("too little memory");
        Ending beforeEvents = new Ending(false, false, "", false, 0, List.of());
        assertThat(beforeEvents.describeFailedStart()).contains("too little memory");
        Ending refused = new Ending(false, false, "", false, 1, List.of("qemu: no"));
        assertThat(refused.describeFailedStart()).isEqualTo("QEMU exited with status 1 before it was ready: qemu: no");
    }
}
