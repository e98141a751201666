package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.vmm.VmmExit;

class EndingTest {
    private static final VmFailure.Cause LINK = new VmFailure.AgentLost("link");
    private static final VmFailure.Cause DEVICE = new VmFailure.DeviceBroken("device");
    private static final VmFailure.Cause HELPER = new VmFailure.HelperLost("helper");
    private static final VmmExit EXIT = new VmmExit(VmmExit.Reason.CRASHED, 1, "crashed");

    private final Ending ending = new Ending();

    private Optional<VmFailure> failure(Optional<VmmExit> gone) {
        return ending.failure("web", 2, gone, () -> List.of("last line"));
    }

    @Test
    void aLostLinkGivesWayToWhatTookItAlongAndNothingElseDoes() {
        assertThat(ending.suspect(LINK)).isTrue();
        assertThat(ending.suspect(DEVICE)).isFalse();
        assertThat(ending.suspected()).isEqualTo(DEVICE);
        assertThat(ending.suspect(HELPER)).isFalse();
        assertThat(ending.suspected()).isEqualTo(DEVICE);
    }

    @Test
    void ofWhatWasAskedForThereIsNothingToTell() {
        ending.suspect(LINK);
        ending.exited(EXIT);
        ending.because(Optional.empty());
        assertThat(ending.failure("web", 2, Optional.of(EXIT), () -> {
                    throw new AssertionError("nobody wants the console");
                }))
                .isEmpty();
    }

    @Test
    void aFailureHasWhatIsKnown() {
        ending.because(Optional.of(DEVICE));
        assertThat(failure(Optional.empty()))
                .contains(new VmFailure("web", 2, DEVICE, false, Optional.empty(), List.of("last line")));
        ending.becameReady();
        assertThat(failure(Optional.of(FakeMachine.QUIT)))
                .contains(new VmFailure("web", 2, DEVICE, true, Optional.of(FakeMachine.QUIT), List.of("last line")));
    }

    @Test
    void theExitThatWasHeardOfIsBetterKnownThanThatOfAMachineThatIsGone() {
        ending.because(Optional.of(DEVICE));
        assertThat(ending.hasExited()).isFalse();
        ending.exited(EXIT);
        assertThat(ending.hasExited()).isTrue();
        assertThat(failure(Optional.of(FakeMachine.QUIT)).orElseThrow().exit()).contains(EXIT);
    }

    @Test
    void anExitMeansWhatTheConsoleSaysAsLongAsTheGuestHasNotBeenReady() {
        List<String> console = List.of("vmette-agent: fatal: no root");
        ending.exited(EXIT);
        assertThat(ending.byExit(console)).isEqualTo(new VmFailure.BootRefused("vmette-agent: fatal: no root"));
        ending.becameReady();
        assertThat(ending.byExit(console)).isEqualTo(new VmFailure.MonitorExited("crashed"));
    }
}
