package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.Arrays;
import vmette.memory.GuestMemoryException;

class VhostUserCodecFuzzTest {
    private static final byte[] CONFIG = {3, 0, 0, 0, 0, 0, 0, 0};

    /** The input is a message: a header, and all else is payload. What is understood is what was sent, nothing is made up. */
    @FuzzTest
    void messagesAreRefusedOrUnderstoodAsTheyWereSent(byte[] bytes) {
        if (bytes.length < VhostUserCodec.HEADER_SIZE) {
            return;
        }
        byte[] rest = Arrays.copyOfRange(bytes, VhostUserCodec.HEADER_SIZE, bytes.length);
        try {
            VhostUserCodec.Header header = VhostUserCodec.header(ByteBuffer.wrap(bytes, 0, VhostUserCodec.HEADER_SIZE));
            assertThat(header.size()).isBetween(0, VhostUserCodec.MAX_PAYLOAD);
            assertThat(header.flags() & 7).isEqualTo(1);
            FrontendRequest.of(header.request()).ifPresent(request -> checkPayload(request, rest));
        } catch (VhostUserException | GuestMemoryException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static void checkPayload(FrontendRequest request, byte[] bytes) {
        ByteBuffer payload = ByteBuffer.wrap(bytes);
        switch (request) {
            case SET_FEATURES, SET_PROTOCOL_FEATURES ->
                same(bytes, FakeFrontend.u64(VhostUserCodec.u64(payload)), bytes.length);
            case SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_ENABLE -> {
                VhostUserCodec.VringState state = VhostUserCodec.vringState(payload);
                same(bytes, FakeFrontend.state(state.index(), state.number()), bytes.length);
            }
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> {
                VhostUserCodec.VringFile file = VhostUserCodec.vringFile(payload);
                same(bytes, FakeFrontend.u64(file.index() | (file.hasFd() ? 0 : 0x100)), 1);
                assertThat(file.hasFd()).isEqualTo((bytes[1] & 1) == 0);
            }
            case SET_VRING_ADDR -> {
                VhostUserCodec.VringAddresses ring = VhostUserCodec.vringAddresses(payload);
                ByteBuffer again = FakeFrontend.payload(32)
                        .putInt(ring.index())
                        .putInt(ring.flags())
                        .putLong(ring.descriptors())
                        .putLong(ring.used())
                        .putLong(ring.available());
                same(bytes, again.flip(), 32);
            }
            case SET_MEM_TABLE -> {
                ByteBuffer again = FakeFrontend.memoryTable(VhostUserCodec.memoryTable(payload));
                // four bytes of padding are not looked at
                Arrays.fill(bytes, 4, 8, (byte) 0);
                same(bytes, again, bytes.length);
            }
            case GET_CONFIG -> {
                VhostUserCodec.ConfigRange range = VhostUserCodec.configRange(payload);
                assertThat(range.size()).isEqualTo(bytes.length - 12);
                ByteBuffer reply = VhostUserCodec.configReply(request.code(), range, CONFIG);
                int length = reply.remaining() - VhostUserCodec.HEADER_SIZE;
                assertThat(length).isIn(0, 12 + range.size());
                for (int i = 12; i < length; i++) {
                    assertThat(reply.get(VhostUserCodec.HEADER_SIZE + i)).isEqualTo(CONFIG[range.offset() + i - 12]);
                }
            }
            default -> VhostUserCodec.nothing(payload);
        }
    }

    private static void same(byte[] sent, ByteBuffer understood, int length) {
        byte[] again = new byte[length];
        understood.get(0, again, 0, length);
        assertThat(again).isEqualTo(Arrays.copyOf(sent, length));
    }
}
