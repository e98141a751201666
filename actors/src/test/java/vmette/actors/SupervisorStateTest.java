package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each state answers; its column in {@code docs/supervision.md} says the same of what is asked of the VM. */
class SupervisorStateTest {
    private static Arguments row(
            SupervisorState state,
            boolean up,
            boolean toEnd,
            VmEnd.How how,
            Requests.Standing there,
            Requests.Standing gone) {
        return Arguments.of(state, up, toEnd, how, there, gone);
    }

    static Arguments[] table() {
        VmEnd.How stopped = VmEnd.How.STOPPED;
        Requests.Standing coming = Requests.Standing.COMING;
        Requests.Standing ending = Requests.Standing.ENDING;
        Requests.Standing ended = Requests.Standing.ENDED;
        return new Arguments[] {
            row(new SupervisorState.Starting(), false, false, stopped, coming, coming),
            row(new SupervisorState.Ready(), true, false, stopped, Requests.Standing.READY, coming),
            row(new SupervisorState.Recovering(), false, false, stopped, coming, coming),
            row(new SupervisorState.Passivating(), true, false, stopped, coming, coming),
            row(new SupervisorState.Passive(), true, false, stopped, coming, coming),
            row(new SupervisorState.Stopping(Optional.empty()), false, false, stopped, coming, coming),
            row(
                    new SupervisorState.Stopping(Optional.of(VmEnd.How.TIMED_OUT)),
                    false,
                    true,
                    VmEnd.How.TIMED_OUT,
                    ending,
                    ending),
            row(new SupervisorState.GivenUp(), false, false, stopped, ended, ended)
        };
    }

    @ParameterizedTest
    @MethodSource("table")
    void answers(
            SupervisorState state,
            boolean up,
            boolean toEnd,
            VmEnd.How how,
            Requests.Standing there,
            Requests.Standing gone) {
        assertThat(state.isUp()).isEqualTo(up);
        assertThat(state.isToEnd()).isEqualTo(toEnd);
        assertThat(state.howToEnd()).isEqualTo(how);
        assertThat(state.standing(true)).isEqualTo(there);
        assertThat(state.standing(false)).isEqualTo(gone);
    }
}
