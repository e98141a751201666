package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.linux.EventFd;
import vmette.linux.MemFd;
import vmette.linux.OpenFds;
import vmette.linux.OwnedFd;
import vmette.memory.GuestRam;
import vmette.virtio.GuestDriver;
import vmette.virtio.Virtio;

class BackendSessionTest {
    private Set<String> before;
    private SessionFixture fixture;

    @BeforeEach
    void open() {
        before = OpenFds.ours();
        fixture = new SessionFixture();
    }

    @AfterEach
    void closeAndCount() {
        fixture.close();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private FakeFrontend frontend() {
        return fixture.frontend;
    }

    private void assertEnded(String reason) {
        assertThat(fixture.events())
                .last()
                .asString()
                .startsWith("disconnected: ")
                .contains(reason);
        assertThat(frontend().isDisconnected()).isTrue();
        assertThat(fixture.listener.isConnected()).isFalse();
        assertThat(fixture.loop.watched()).as("only the listener").isEqualTo(1);
    }

    @Test
    void offersWhatItHas() {
        assertThat(frontend().handshake())
                .isEqualTo(EchoDevice.FEATURE
                        | Virtio.F_VERSION_1
                        | Virtio.F_EVENT_IDX
                        | Virtio.F_INDIRECT_DESC
                        | VhostUser.F_PROTOCOL_FEATURES);
        assertThat(frontend().getU64(FrontendRequest.GET_PROTOCOL_FEATURES)).isEqualTo(0x209);
        assertThat(frontend().getU64(FrontendRequest.GET_QUEUE_NUM)).isEqualTo(2);
        assertThat(frontend().getConfig(0, 8)).containsExactly(3, 0, 0, 0, 0, 0, 0, 0);
        assertThat(frontend().getConfig(4, 4)).containsExactly(0, 0, 0, 0);
        assertThat(frontend().getConfig(1, 8)).as("beyond the space").isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Virtio.F_EVENT_IDX, Virtio.F_INDIRECT_DESC | Virtio.F_EVENT_IDX})
    void bytesGoRoundThroughARing(long features) {
        fixture.negotiate(features);
        FakeFrontend.Ring ring = frontend().startRing(1, fixture.driver(1, (features & Virtio.F_EVENT_IDX) != 0), 0);
        for (int i = 0; i < 20; i++) {
            assertThat(fixture.echo(ring, "packet " + i)).isEqualTo("packet " + i);
            assertThat(ring.calls()).isEqualTo(1);
        }
        assertThat(frontend().stopRing(1)).isEqualTo(20);
        assertThat(fixture.events()).startsWith("started 1", "kicked 1").endsWith("kicked 1", "stopped 1");
    }

    @Test
    void aDeviceThatThrowsEndsItsSessionOnly() {
        fixture.negotiate(0);
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        frontend().startRing(1, fixture.driver(1, false), 0);
        try (EventFd error = EventFd.create()) {
            frontend().send(FrontendRequest.SET_VRING_ERR, false, FakeFrontend.u64(0), error.fd());
            fixture.device.thrownByKick = new IllegalStateException("device trouble");
            fixture.device.thrownByStop = new IllegalStateException("more trouble");
            ring.kick();
            assertThat(fixture.events())
                    .containsExactly(
                            "started 0",
                            "started 1",
                            "kicked 0",
                            "stopped 0",
                            "stopped 1",
                            "disconnected: IllegalStateException: device trouble");
            assertThat(error.drain()).isEqualTo(1);
        }
        fixture.device = new EchoDevice();
        frontend().close();
        fixture.frontend = fixture.connect();
        fixture.negotiate(0);
        assertThat(fixture.echo(frontend().startRing(0, fixture.driver(0, false), 0), "next"))
                .isEqualTo("next");
    }

    @Test
    void aHostileDriverEndsTheSession() {
        fixture.negotiate(0);
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        ring.driver().putAvailable(77);
        ring.submit();
        assertEnded("the guest broke a ring: available ring names descriptor 77 of 8");
    }

    @Test
    void aRingOutsideTheMemoryEndsTheSession() {
        fixture.negotiate(0);
        try (GuestRam elsewhere = GuestRam.create(0x4000_0000, GuestDriver.bytes(SessionFixture.SIZE));
                FakeFrontend.Ring ring = new FakeFrontend.Ring(
                        0,
                        new GuestDriver(elsewhere.memory(), 0x4000_0000, SessionFixture.SIZE, false),
                        EventFd.create(),
                        EventFd.create())) {
            frontend().setUpRing(ring, 0);
            frontend().send(FrontendRequest.SET_VRING_ENABLE, false, FakeFrontend.state(0, 1));
            assertEnded(
                    "the guest broke a ring: ring 0 lies outside the guest's memory: no region holds 128 bytes at user address 0x7f0040000000");
        }
    }

    @Test
    void refusalsAreAnsweredWhereAReplyWasAskedFor() {
        frontend().handshake();
        ByteBuffer config = FakeFrontend.payload(20);
        assertThat(frontend().acknowledge(FrontendRequest.SET_CONFIG, config)).isNotZero();
        frontend().sendMessage(99, 1 | 8, FakeFrontend.payload(4));
        assertThat(frontend().reply().payload().getLong()).isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_VRING_NUM, FakeFrontend.state(7, 8)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_VRING_NUM, FakeFrontend.state(0, 0)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_VRING_BASE, FakeFrontend.state(0, 65536)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_VRING_KICK, FakeFrontend.u64(0x100)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_VRING_KICK, FakeFrontend.u64(0)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_FEATURES, FakeFrontend.u64(1L << 40)))
                .isNotZero();
        assertThat(frontend().acknowledge(FrontendRequest.SET_OWNER, FakeFrontend.payload(0)))
                .as("still there")
                .isZero();
    }

    @Test
    void refusalsEndTheSessionWhereNobodyAsked() {
        frontend().handshake();
        frontend().send(FrontendRequest.SET_CONFIG, false, FakeFrontend.payload(20));
        assertEnded("the configuration space is read-only");
    }

    @Test
    void unknownRequestsEndTheSession() {
        frontend().sendMessage(99, 1 | 8, FakeFrontend.payload(0));
        assertEnded("request 99 is not served");
    }

    @Test
    void memoryThatLiesInNoFileIsExplained() {
        frontend().handshake();
        frontend().send(FrontendRequest.SET_MEM_TABLE, false, FakeFrontend.memoryTable(fixture.ram.regions()));
        assertEnded("memory-backend-memfd");
    }

    @Test
    void aMemoryFileThatIsTooShortEndsTheSession() {
        frontend().handshake();
        try (OwnedFd small = MemFd.create("small", 4096)) {
            frontend()
                    .send(
                            FrontendRequest.SET_MEM_TABLE,
                            true,
                            FakeFrontend.memoryTable(fixture.ram.regions()),
                            small.fd());
            assertEnded("in a file of 4096");
        }
    }

    @Test
    void aMemoryFileThatShrinksWhileARingRunsEndsTheSession() throws IOException {
        fixture.negotiate(0);
        FakeFrontend.Ring ring = frontend().startRing(0, fixture.driver(0, false), 0);
        try (RandomAccessFile file =
                new RandomAccessFile("/proc/self/fd/" + fixture.ram.file().fd(), "rw")) {
            file.setLength(0);
        }
        // the bus error of touching what is gone must not end this process
        ring.kick();
        assertEnded("InternalError");
    }

    @Test
    void messagesInPiecesAreAssembled() {
        byte[] message = FakeFrontend.payload(20)
                .putInt(FrontendRequest.GET_VRING_BASE.code())
                .putInt(1)
                .putInt(8)
                .putInt(1)
                .putInt(0)
                .array();
        for (byte piece : message) {
            frontend().sendBytes(ByteBuffer.wrap(new byte[] {piece}));
            fixture.loop.drain();
        }
        assertThat(frontend().reply().payload().getInt()).isEqualTo(1);
    }

    @Test
    void severalMessagesAtOnceAreServed() {
        ByteBuffer many = FakeFrontend.payload(12 * 100);
        for (int i = 0; i < 100; i++) {
            many.putInt(FrontendRequest.GET_QUEUE_NUM.code()).putInt(1).putInt(0);
        }
        frontend().sendBytes(many.flip());
        for (int i = 0; i < 100; i++) {
            assertThat(frontend().reply().payload().getLong()).isEqualTo(2);
        }
    }

    @Test
    void leavingIsNoted() {
        fixture.negotiate(0);
        frontend().startRing(0, fixture.driver(0, false), 0);
        frontend().close();
        assertThat(fixture.events())
                .containsExactly("started 0", "stopped 0", "disconnected: the front-end closed the connection");
        fixture.frontend = fixture.connect();
        frontend().sendBytes(ByteBuffer.wrap(new byte[5]));
        frontend().close();
        assertThat(fixture.events()).containsExactly("disconnected: the front-end left in the middle of a message");
        fixture.frontend = fixture.connect();
    }

    @Test
    void aFrontEndThatDoesNotReadIsLeft() {
        ByteBuffer request = FakeFrontend.payload(12)
                .putInt(FrontendRequest.GET_FEATURES.code())
                .putInt(1)
                .putInt(0);
        for (int i = 0; i < 100_000 && fixture.device.events.isEmpty(); i++) {
            try {
                frontend().sendBytes(request.clear());
            } catch (vmette.linux.LinuxException e) {
                break;
            }
            fixture.loop.drain();
        }
        assertEnded("does not read its replies");
    }
}
