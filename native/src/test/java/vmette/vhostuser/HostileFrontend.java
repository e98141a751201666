package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.function.BooleanSupplier;
import vmette.linux.EventFd;
import vmette.linux.LinuxException;
import vmette.linux.MemFd;
import vmette.linux.OwnedFd;
import vmette.virtio.Virtio;

/** A front-end that sends random but often plausible messages with random descriptors, and comes back when it is cut off. */
final class HostileFrontend {
    private HostileFrontend() {}

    /** Plays against a back-end of its own for as long as wanted: the loop goes on, and the device knows where it stands. */
    static void play(Random random, BooleanSupplier goesOn) {
        try (SessionFixture fixture = new SessionFixture();
                EventFd event = EventFd.create();
                OwnedFd file = MemFd.create("stray", 4096)) {
            if (random.nextBoolean()) {
                fixture.negotiate(random.nextBoolean() ? Virtio.F_EVENT_IDX : 0);
            }
            while (goesOn.getAsBoolean()) {
                try {
                    send(fixture, random, event, file);
                } catch (LinuxException e) {
                    // the back-end has hung up
                    assertThat(e.syscall()).isEqualTo("sendmsg");
                }
                fixture.loop.drain();
                if (!fixture.listener.isConnected()) {
                    assertThat(fixture.events()).last().asString().startsWith("disconnected: ");
                    assertThat(fixture.device.rings).isEmpty();
                    fixture.device = new EchoDevice();
                    fixture.frontend.close();
                    fixture.frontend = fixture.connect();
                }
            }
        }
    }

    private static void send(SessionFixture fixture, Random random, EventFd event, OwnedFd file) {
        FrontendRequest[] all = FrontendRequest.values();
        FrontendRequest request = all[random.nextInt(all.length)];
        int code = random.nextInt(30) == 0 ? random.nextInt(64) : request.code();
        int flags = random.nextInt(40) == 0 ? random.nextInt() : 1 | (random.nextBoolean() ? 8 : 0);
        ByteBuffer payload = random.nextInt(8) == 0 ? garbage(random) : plausible(request, fixture, random);
        fixture.frontend.sendMessage(code, flags, payload, descriptors(request, fixture, random, event, file));
    }

    private static ByteBuffer garbage(Random random) {
        byte[] bytes = new byte[random.nextInt(64)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer plausible(FrontendRequest request, SessionFixture fixture, Random random) {
        int ring = random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(2);
        return switch (request) {
            case GET_FEATURES, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, SET_OWNER, RESET_OWNER -> FakeFrontend.payload(0);
            case SET_FEATURES ->
                FakeFrontend.u64(Virtio.F_VERSION_1
                        | (random.nextBoolean() ? VhostUser.F_PROTOCOL_FEATURES : 0)
                        | (random.nextInt(20) == 0 ? random.nextLong() : 0));
            case SET_PROTOCOL_FEATURES -> FakeFrontend.u64(random.nextInt(10) == 0 ? random.nextLong() : 0x209);
            case SET_MEM_TABLE -> FakeFrontend.memoryTable(fixture.ram.regions());
            case SET_VRING_NUM -> FakeFrontend.state(ring, random.nextInt(8) == 0 ? random.nextInt() : 8);
            case SET_VRING_BASE, GET_VRING_BASE ->
                FakeFrontend.state(ring, random.nextInt(8) == 0 ? random.nextInt() : 0);
            case SET_VRING_ENABLE -> FakeFrontend.state(ring, random.nextInt(10) == 0 ? 7 : random.nextInt(2));
            case SET_VRING_ADDR -> FakeFrontend.addresses(ring, fixture.driver(random.nextInt(2), false));
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR ->
                FakeFrontend.u64(random.nextInt(10) == 0 ? random.nextLong() : random.nextInt(2));
            case GET_CONFIG, SET_CONFIG ->
                FakeFrontend.payload(20).putInt(0).putInt(8).putInt(0).clear();
        };
    }

    private static int[] descriptors(
            FrontendRequest request, SessionFixture fixture, Random random, EventFd event, OwnedFd file) {
        if (random.nextInt(10) == 0) {
            int[] some = new int[random.nextInt(12)];
            for (int i = 0; i < some.length; i++) {
                some[i] = random.nextBoolean() ? event.fd() : file.fd();
            }
            return some;
        }
        return switch (request) {
            case SET_MEM_TABLE ->
                new int[] {
                    random.nextInt(10) == 0 ? file.fd() : fixture.ram.file().fd()
                };
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> new int[] {event.fd()};
            default -> new int[0];
        };
    }
}
