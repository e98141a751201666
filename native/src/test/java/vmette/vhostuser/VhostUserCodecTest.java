package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestRegion;

class VhostUserCodecTest {
    private static final List<Function<ByteBuffer, Object>> DECODERS = List.of(
            VhostUserCodec::u64,
            VhostUserCodec::vringState,
            VhostUserCodec::vringAddresses,
            VhostUserCodec::vringFile,
            VhostUserCodec::memoryTable,
            VhostUserCodec::configRange);

    @Example
    void headersAreChecked() {
        assertThat(header(5, 1 | 8, 40)).isEqualTo(new VhostUserCodec.Header(5, 9, 40));
        assertThat(header(5, 1 | 8, 40).needReply()).isTrue();
        assertThat(header(5, 1, 40).needReply()).isFalse();
        assertThatThrownBy(() -> header(5, 2, 0)).hasMessageContaining("message 5 has flags 0x2");
        assertThatThrownBy(() -> header(5, 1 | 4, 0)).hasMessageContaining("flags 0x5");
        assertThatThrownBy(() -> header(5, 1, VhostUserCodec.MAX_PAYLOAD + 1)).hasMessageContaining("1025");
        assertThatThrownBy(() -> header(5, 1, -1)).hasMessageContaining("4294967295");
    }

    private static VhostUserCodec.Header header(int request, int flags, int size) {
        return VhostUserCodec.header(FakeFrontend.payload(12)
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .flip());
    }

    @Property
    void memoryTablesComeBack(
            @ForAll @IntRange(min = 1, max = 8) int count,
            @ForAll @IntRange(min = 1) int size,
            @ForAll @IntRange int offset) {
        List<GuestRegion> regions = java.util.stream.IntStream.range(0, count)
                .mapToObj(i ->
                        new GuestRegion((long) i << 32, size, (long) i << 40, Integer.toUnsignedLong(offset) << 12))
                .toList();
        assertThat(VhostUserCodec.memoryTable(FakeFrontend.memoryTable(regions)))
                .isEqualTo(regions);
    }

    @Example
    void memoryTablesAreBounded() {
        for (int count : new int[] {0, 9, -1}) {
            ByteBuffer table = FakeFrontend.payload(8 + 32 * Math.max(count, 0)).putInt(count);
            assertThatThrownBy(() -> VhostUserCodec.memoryTable(table.clear()))
                    .isInstanceOf(VhostUserException.class)
                    .hasMessageContaining("regions");
        }
    }

    @Example
    void configRepliesAreBounded() {
        byte[] space = {1, 2, 3, 4};
        ByteBuffer reply = VhostUserCodec.configReply(24, new VhostUserCodec.ConfigRange(1, 3, 0), space);
        assertThat(reply.remaining()).isEqualTo(12 + 12 + 3);
        assertThat(reply.get(26)).isEqualTo((byte) 4);
        for (int offset : new int[] {2, -1, Integer.MAX_VALUE}) {
            ByteBuffer refused = VhostUserCodec.configReply(24, new VhostUserCodec.ConfigRange(offset, 3, 0), space);
            assertThat(refused.remaining()).as("offset %s", offset).isEqualTo(12);
        }
    }

    @Property(tries = 2000)
    void anyBytesDecodeOrAreRefused(
            @ForAll @Size(max = 300) byte[] bytes, @ForAll @IntRange(max = 5) int decoder, @ForAll boolean patched) {
        if (patched && bytes.length >= 8 && decoder >= 4) {
            // a count or size that is nearly right, or chance would never get past the first check
            int plausible = decoder == 4 ? (bytes.length - 8) / 32 : bytes.length - 12;
            bytes[decoder == 4 ? 0 : 4] = (byte) plausible;
            java.util.Arrays.fill(bytes, decoder == 4 ? 1 : 5, 8, (byte) 0);
        }
        ByteBuffer payload = ByteBuffer.wrap(bytes);
        try {
            Object decoded = DECODERS.get(decoder).apply(payload);
            assertThat(decoded).isNotNull();
            if (decoder == 4) {
                assertThat(((List<?>) decoded).size()).isEqualTo((bytes.length - 8) / 32);
            }
        } catch (VhostUserException | GuestMemoryException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
