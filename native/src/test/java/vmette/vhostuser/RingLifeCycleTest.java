package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.linux.EventFd;
import vmette.linux.OpenFds;
import vmette.virtio.GuestDriver;
import vmette.virtio.Virtio;

/** When a ring starts and stops, and what it remembers. */
class RingLifeCycleTest {
    private Set<String> before;
    private SessionFixture fixture;

    SessionFixture fixture() {
        return new SessionFixture();
    }

    @BeforeEach
    void open() {
        before = OpenFds.ours();
        fixture = fixture();
    }

    @AfterEach
    void closeAndCount() {
        fixture.close();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private FakeFrontend frontend() {
        return fixture.frontend;
    }

    @Test
    void aRingThatHoldsChainsIsServedWhenItStarts() {
        fixture.negotiate(0);
        GuestDriver driver = fixture.driver(0, false);
        driver.addWritable(10);
        driver.publish();
        frontend().startRing(0, driver, 0);
        fixture.loop.drain();
        assertThat(driver.poll()).isPresent();
    }

    @Test
    void aRingRunsWhileItIsSetUpEnabledAndMemoryIsThere() {
        frontend().handshake();
        try (FakeFrontend.Ring ring =
                new FakeFrontend.Ring(0, fixture.driver(0, false), EventFd.create(), EventFd.create())) {
            frontend().setUpRing(ring, 0);
            frontend().setEnabled(0, true);
            assertThat(fixture.events()).as("neither features nor memory").isEmpty();
            frontend().setMemory(fixture.ram);
            assertThat(fixture.events()).as("no features").isEmpty();
            frontend().setFeatures(0);
            assertThat(fixture.events()).containsExactly("started 0");
            frontend().setEnabled(0, false);
            assertThat(fixture.events()).containsExactly("stopped 0");
            assertThat(fixture.echo(ring, "a")).isEqualTo("nothing");
            frontend().setEnabled(0, true);
            assertThat(fixture.events()).containsExactly("started 0", "kicked 0");
            assertThat(ring.driver().poll()).isPresent();
            assertThat(frontend().stopRing(0)).isEqualTo(1);
            frontend().setEnabled(0, false);
            frontend().setEnabled(0, true);
            assertThat(fixture.events())
                    .as("stopped until there is a kick again")
                    .containsExactly("stopped 0");
            frontend().setUpRing(ring, 1);
            assertThat(fixture.events()).containsExactly("started 0");
            assertThat(fixture.echo(ring, "again")).isEqualTo("again");
            frontend().send(FrontendRequest.RESET_OWNER, false, FakeFrontend.payload(0));
            assertThat(fixture.events()).containsExactly("kicked 0", "stopped 0");
        }
    }

    @Test
    void withoutProtocolFeaturesARingNeedsNoEnabling() {
        frontend().send(FrontendRequest.SET_FEATURES, false, FakeFrontend.u64(Virtio.F_VERSION_1));
        frontend()
                .send(
                        FrontendRequest.SET_MEM_TABLE,
                        false,
                        FakeFrontend.memoryTable(fixture.ram.regions()),
                        fixture.ram.file().fd());
        GuestDriver driver = fixture.driver(0, false);
        frontend().send(FrontendRequest.SET_VRING_NUM, false, FakeFrontend.state(0, SessionFixture.SIZE));
        frontend().send(FrontendRequest.SET_VRING_ADDR, false, frontend().ownAddresses(0, driver));
        assertThat(fixture.events()).isEmpty();
        try (EventFd kick = EventFd.create()) {
            frontend().send(FrontendRequest.SET_VRING_KICK, false, FakeFrontend.u64(0), kick.fd());
            assertThat(fixture.events()).containsExactly("started 0");
        }
    }

    @Test
    void newMemoryRestartsRingsWhereTheyWere() {
        fixture.negotiate(0);
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        assertThat(fixture.echo(ring, "one")).isEqualTo("one");
        fixture.events();
        frontend().setMemory(fixture.ram);
        assertThat(fixture.events()).containsExactly("stopped 0", "started 0");
        assertThat(fixture.echo(ring, "two")).isEqualTo("two");
        assertThat(frontend().stopRing(0)).isEqualTo(2);
    }

    @Test
    void chainsHeldAtAStopAreAvailableToTheNextRun() {
        fixture.negotiate(0);
        fixture.device.holdChains = true;
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        assertThat(fixture.echo(ring, "held")).isEqualTo("nothing");
        fixture.device.holdChains = false;
        frontend().setMemory(fixture.ram);
        assertThat(ring.driver().poll()).isPresent();
    }

    @Test
    void theCallDescriptorIsReplacedWhileTheRingRuns() {
        fixture.negotiate(0);
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        try (EventFd masked = EventFd.create()) {
            frontend().send(FrontendRequest.SET_VRING_CALL, false, FakeFrontend.u64(0), masked.fd());
            assertThat(fixture.echo(ring, "a")).isEqualTo("a");
            assertThat(masked.drain()).isEqualTo(1);
            assertThat(ring.calls()).isZero();
            // bit 8: the driver polls
            frontend().send(FrontendRequest.SET_VRING_CALL, false, FakeFrontend.u64(0x100));
            assertThat(fixture.echo(ring, "b")).isEqualTo("b");
            assertThat(masked.drain()).isZero();
        }
        assertThat(fixture.events()).containsExactly("started 0", "kicked 0", "kicked 0");
    }
}
