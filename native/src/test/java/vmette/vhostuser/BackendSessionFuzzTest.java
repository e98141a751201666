package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import vmette.linux.OpenFds;

class BackendSessionFuzzTest {
    /** The loop goes on, and no descriptor is left. */
    @Property(tries = 150)
    void nothingLeaksAndNothingEscapesWhateverTheFrontEndSends(@ForAll Random random) {
        Set<String> before = OpenFds.ours();
        AtomicInteger messages = new AtomicInteger();
        HostileFrontend.play(random, () -> messages.incrementAndGet() <= 60);
        assertThat(OpenFds.ours()).isEqualTo(before);
    }
}
