package vmette.vhostuser;

import org.junit.jupiter.api.BeforeAll;
import vmette.memory.RemoteRam;

/** The same with the guest's memory in another process. */
class RemoteRingLifeCycleTest extends RingLifeCycleTest {
    @BeforeAll
    static void startOwner() {
        RemoteRam.start();
    }

    @Override
    SessionFixture fixture() {
        return new SessionFixture(RemoteRam.create(SessionFixture.BASE, SessionFixture.RAM));
    }
}
