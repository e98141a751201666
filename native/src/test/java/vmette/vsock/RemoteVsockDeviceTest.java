package vmette.vsock;

import org.junit.jupiter.api.BeforeAll;
import vmette.memory.GuestRam;
import vmette.memory.RemoteRam;

/** The same with the guest's memory in another process. */
class RemoteVsockDeviceTest extends VsockDeviceTest {
    @BeforeAll
    static void startOwner() {
        RemoteRam.start();
    }

    @Override
    GuestRam ram() {
        return RemoteRam.create(0, RingGuest.RAM);
    }
}
