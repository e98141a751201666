package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.recovery.Decision;
import vmette.recovery.FailureKind;
import vmette.recovery.Origin;
import vmette.recovery.Rung;
import vmette.recovery.Snapshot;
import vmette.vmm.VmmExit;

class VmFailureTest {
    private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
    private static final VmFailure.MonitorExited KILLED =
            new VmFailure.MonitorExited("QEMU was killed by signal 9 (KILL: by a user, or for want of memory)");

    private static VmFailure failure(VmFailure.Cause cause, boolean wasReady, int status, String... console) {
        return new VmFailure(
                "probe",
                3,
                cause,
                wasReady,
                Optional.of(new VmmExit(VmmExit.Reason.CRASHED, status, "QEMU was killed by signal 9")),
                List.of(console));
    }

    @ParameterizedTest
    @CsvSource({"137, VmmExit(9)", "139, VmmExit(11)", "128, VmmExit(status 128)", "1, VmmExit(status 1)", "-1, VmmExit"
    })
    void aMonitorsEndIsNamedByItsSignalOrStatus(int status, String word) {
        assertThat(failure(KILLED, true, status).word()).isEqualTo(word);
    }

    @Test
    void causesHaveAWord() {
        assertThat(failure(new VmFailure.Hung(Duration.ofSeconds(7), "no pong"), true, 137)
                        .word())
                .isEqualTo("Hung");
        assertThat(failure(new VmFailure.ProcessRemains(List.of(7L), Duration.ofSeconds(60), KILLED), true, -1)
                        .word())
                .isEqualTo("ProcessRemains[7]");
        assertThat(new VmFailure.RestoreFailed("s1", new VmFailure.BootDeadline(Duration.ofSeconds(1))).word())
                .isEqualTo("RestoreFailed(s1, BootDeadline)");
    }

    @Test
    void oneLineTellsWhatAPersonAtNightAsksFirst() {
        VmFailure failure = failure(KILLED, true, 137, "a line")
                .withLife(new VmFailure.Life(
                        Origin.BOOT, START, Optional.of(START.plusSeconds(2)), START.plusMillis(5500)))
                .withNext(new Decision.Restore(
                        new Snapshot("s7", START, 0), Rung.LAST_GOOD, Duration.ofMillis(1500), List.of()));
        assertThat(failure.line())
                .isEqualTo("VM probe, incarnation 3 (booted, ready for 3.5 s): VmmExit(9): QEMU was killed by signal 9"
                        + " (KILL: by a user, or for want of memory); restore of the snapshot s7 in 1.5 s");
    }

    @Test
    void theReportTellsTheRest() {
        Snapshot golden = new Snapshot("g", START, 0);
        VmFailure failure = failure(new VmFailure.BootDeadline(Duration.ofSeconds(60)), false, 137, "a", "b")
                .withLife(new VmFailure.Life(
                        new Origin(Rung.GOLDEN, Optional.of(golden)), START, Optional.empty(), START.plusSeconds(61)))
                .withNext(new Decision.GiveUp("it was recovered 5 times", List.of("s1", "s2")));
        assertThat(failure.report().lines())
                .startsWith("VM probe did not start")
                .contains(
                        "  incarnation 3",
                        "  begun       2026-01-02T03:04:05Z, restored from the golden snapshot g",
                        "  ready       never",
                        "  failed      2026-01-02T03:05:06Z (restored from the golden snapshot g, not ready after 61 s)",
                        "  monitor     CRASHED, exit status 137: QEMU was killed by signal 9",
                        "  next        given up: it was recovered 5 times",
                        "  discarded   snapshots that cannot be restored: s1, s2")
                .endsWith("last console lines:", "  a", "  b")
                .anyMatch(line -> line.startsWith("  cause       BootDeadline: the agent in the guest did not answer"));
    }

    @Test
    void whatCallersSeeIsAsItWas() {
        VmFailure lost = failure(KILLED, true, 137, "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(lost.toException())
                .isInstanceOf(VmLostException.class)
                .hasMessage("VM probe was lost: " + KILLED.text()
                        + "\nlast console lines:\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n  9");
        assertThat(failure(KILLED, false, 137).toException())
                .isInstanceOf(StartFailedException.class)
                .hasMessage("VM probe did not start: " + KILLED.text());
        InvalidConfigException refused = new InvalidConfigException("no such kernel");
        assertThat(failure(new VmFailure.NotStarted(refused), false, -1).toException())
                .isSameAs(refused);
    }

    @Test
    void aKindMayDependOnMoreThanTheCause() {
        assertThat(failure(new VmFailure.PoweredOff(), true, 0).kind()).isEqualTo(FailureKind.POWERED_OFF);
        assertThat(failure(new VmFailure.PoweredOff(), false, 0).kind()).isEqualTo(FailureKind.BOOT_REFUSED);
        assertThat(new VmFailure.NotStarted(new InvalidConfigException("x")).kind())
                .isEqualTo(FailureKind.REFUSED);
        assertThat(new VmFailure.NotStarted(new StartFailedException("x")).kind())
                .isEqualTo(FailureKind.NOT_STARTED);
        assertThat(new VmFailure.BootRefused("x", true).kind()).isEqualTo(FailureKind.REFUSED);
        assertThat(new VmFailure.BootRefused("x").kind()).isEqualTo(FailureKind.BOOT_REFUSED);
    }

    // ---- what a monitor's end means

    private static VmFailure.Cause panic(String line) {
        return MachineExits.cause(new VmmExit(VmmExit.Reason.GUEST_PANIC, 0, "panic"), List.of(line), true);
    }

    @Test
    void aPanicForWantOfAnAgentSaysSo() {
        VmFailure.Cause cause =
                panic("[  3.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009");
        assertThat(cause.text())
                .startsWith("the guest's kernel panicked: Kernel panic - not syncing: Attempted to kill init!")
                .endsWith("panic, agent died");
        assertThat(cause.word()).isEqualTo("GuestPanic(panic, agent died)");
        assertThat(cause.kind()).isEqualTo(FailureKind.GUEST_PANIC);
        assertThat(panic("Kernel panic - not syncing: sysrq triggered crash"))
                .isEqualTo(new VmFailure.GuestPanic(
                        "the guest's kernel panicked: Kernel panic - not syncing: sysrq triggered crash"));
    }

    @Test
    void aLostControlConnectionIsNoExit() {
        VmmExit exit = new VmmExit(VmmExit.Reason.CONNECTION_LOST, 137, "the connection was lost");
        assertThat(MachineExits.cause(exit, List.of(), true))
                .isEqualTo(new VmFailure.QmpLost("the connection was lost"));
    }

    @Test
    void aPanicForWantOfMemoryIsThat() {
        VmFailure.Cause cause = panic("Kernel panic - not syncing: System is deadlocked on memory");
        assertThat(cause).isInstanceOf(VmFailure.OutOfMemory.class);
        assertThat(cause.text()).endsWith("; give the VM more memory");
        assertThat(cause.kind()).isEqualTo(FailureKind.OUT_OF_MEMORY);
    }
}
