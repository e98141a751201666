package vmette.events;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.events.Told.at;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.actors.VmReady;
import vmette.machine.SaveReport;
import vmette.recovery.Decision;
import vmette.vmm.VmmCapabilities;

/** What each event makes of each state. */
class VmStatusTest {
    private static final String VM = "vm";
    private static final Decision AGAIN = new Decision.RestartCold(Duration.ZERO, List.of());
    private static final Decision NEVER = new Decision.GiveUp("once is enough", List.of());
    private static final VmFailure OLD =
            Told.failure(VM, 1, 5, Told.PANIC, Optional.of(AGAIN)).withoutConsole();

    private static final VmEvent READY = new VmEvent.BecameReady(
            VM,
            3,
            at(20),
            new VmReady("6.1", 1, Duration.ZERO, Duration.ZERO, new VmmCapabilities("tcg", false, false, "fake")));
    private static final VmEvent STOPPING = new VmEvent.Stopping(VM, 3, at(20), Optional.of(VmEnd.How.STOPPED));
    private static final VmEvent PASSIVE =
            new VmEvent.Passivated(VM, 3, at(20), new SaveReport("/p", Duration.ZERO, 1), Duration.ofSeconds(1));
    private static final VmEvent WOKEN =
            new VmEvent.Woken(VM, 3, at(20), "a command", Duration.ofSeconds(9), Duration.ofSeconds(1));
    private static final VmEvent NOT_PASSIVE = new VmEvent.NotPassivated(VM, 3, at(20), "a share");
    private static final VmEvent RECOVERED = Told.failed(VM, 3, 20, Told.PANIC, AGAIN);
    private static final VmEvent GIVEN_UP = Told.failed(VM, 3, 20, Told.PANIC, NEVER);
    private static final VmEvent ORDERED = Told.failed(VM, 3, 20, new VmFailure.OperatorRestart(), AGAIN);
    private static final VmEvent LAST = new VmEvent.Failed(Told.failure(VM, 3, 20, Told.PANIC, Optional.empty()));
    private static final VmEvent ENDED = Told.ended(VM, 3, 20, VmEnd.How.STOPPED);
    private static final VmEvent REMAINS = new VmEvent.Ended(
            VM,
            3,
            at(20),
            new VmEnd(
                    VmEnd.How.FAILED,
                    Optional.of(Told.failure(
                            VM,
                            3,
                            20,
                            new VmFailure.ProcessRemains(List.of(7L), Duration.ofSeconds(60), Told.PANIC),
                            Optional.of(NEVER)))));

    /** One that has been in a state since 10 in its third life, and has recovered twice. */
    private static VmStatus in(VmState state) {
        return new VmStatus(VM, state, 3, at(10), at(1), 2, Optional.of(OLD), Optional.of(at(4)));
    }

    static Stream<Arguments> table() {
        return Stream.of(
                // before, event, after, recoveries, whether it is the last failure, whether ready anew
                Arguments.of(VmState.QUEUED, Told.began(VM, 3, 20), VmState.STARTING, 2, false, false),
                Arguments.of(VmState.RECOVERING, Told.began(VM, 3, 20), VmState.STARTING, 2, false, false),
                Arguments.of(VmState.STARTING, Told.began(VM, 3, 20), VmState.STARTING, 2, false, false),
                Arguments.of(VmState.STARTING, READY, VmState.READY, 2, false, true),
                Arguments.of(VmState.STOPPING, READY, VmState.STOPPING, 2, false, true),
                Arguments.of(VmState.STARTING, STOPPING, VmState.STOPPING, 2, false, false),
                Arguments.of(VmState.READY, STOPPING, VmState.STOPPING, 2, false, false),
                Arguments.of(VmState.READY, RECOVERED, VmState.RECOVERING, 3, true, false),
                Arguments.of(VmState.STARTING, RECOVERED, VmState.RECOVERING, 3, true, false),
                Arguments.of(VmState.STOPPING, ORDERED, VmState.RECOVERING, 2, false, false),
                Arguments.of(VmState.READY, GIVEN_UP, VmState.READY, 2, true, false),
                Arguments.of(VmState.STOPPING, LAST, VmState.STOPPING, 2, true, false),
                Arguments.of(VmState.READY, PASSIVE, VmState.PASSIVE, 2, false, false),
                Arguments.of(VmState.PASSIVE, Told.began(VM, 3, 20), VmState.STARTING, 2, false, false),
                Arguments.of(VmState.READY, WOKEN, VmState.READY, 2, false, false),
                Arguments.of(VmState.READY, NOT_PASSIVE, VmState.READY, 2, false, false),
                Arguments.of(VmState.PASSIVE, ENDED, VmState.ENDED, 2, false, false),
                Arguments.of(VmState.READY, ENDED, VmState.ENDED, 2, false, false),
                Arguments.of(VmState.STOPPING, ENDED, VmState.ENDED, 2, false, false),
                Arguments.of(VmState.STOPPING, REMAINS, VmState.GIVEN_UP, 2, false, false));
    }

    @ParameterizedTest
    @MethodSource("table")
    void anEventLeadsTo(VmState before, VmEvent event, VmState after, int recoveries, boolean failure, boolean ready) {
        Optional<VmFailure> last =
                failure ? Optional.of(((VmEvent.Failed) event).failure().withoutConsole()) : Optional.of(OLD);
        assertThat(in(before).after(event))
                .isEqualTo(new VmStatus(
                        VM,
                        after,
                        3,
                        after == before ? at(10) : at(20),
                        at(1),
                        recoveries,
                        last,
                        Optional.of(ready ? at(20) : at(4))));
    }

    @Test
    void aLaunchBeginsAnew() {
        assertThat(in(VmState.ENDED).after(Told.launched(VM, 30)))
                .isEqualTo(
                        new VmStatus(VM, VmState.STARTING, 0, at(30), at(30), 0, Optional.empty(), Optional.empty()));
        assertThat(VmStatus.first(Told.launched(VM, 30)))
                .isEqualTo(in(VmState.ENDED).after(Told.launched(VM, 30)));
    }

    @Test
    void whatIsNotItsOwnChangesNothing() {
        VmStatus status = in(VmState.READY);
        assertThat(status.after(Told.ended("other", 1, 30, VmEnd.How.STOPPED))).isSameAs(status);
        assertThat(status.after(new VmEvent.Missed(3, at(30)))).isSameAs(status);
    }

    @Test
    void aFailureIsKeptWithoutTheConsole() {
        VmStatus failed = in(VmState.READY).after(RECOVERED);
        assertThat(failed.lastFailure().orElseThrow().console()).isEmpty();
        assertThat(failed.lastFailure().orElseThrow().line())
                .isEqualTo(((VmEvent.Failed) RECOVERED).failure().line());
    }
}
