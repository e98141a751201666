package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Set;
import vmette.fuzz.ByteDice;
import vmette.linux.OpenFds;

class SessionFuzzTest {
    /** The input is the dice of a {@link HostileFrontend}. */
    @FuzzTest
    void nothingLeaksAndNothingEscapesWhateverTheFrontEndSends(byte[] bytes) {
        Set<String> before = OpenFds.ours();
        ByteDice dice = new ByteDice(bytes);
        HostileFrontend.play(dice, dice::more);
        assertThat(OpenFds.ours()).isEqualTo(before);
    }
}
