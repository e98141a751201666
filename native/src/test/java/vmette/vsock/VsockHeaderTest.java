package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class VsockHeaderTest {
    @Example
    void layoutIsThatOfTheSpecification() {
        byte[] bytes = new byte[VsockHeader.BYTES];
        new VsockHeader(2, 3, 0x01020304, 0x05060708, 9, 1, 5, 3, 0x11121314, 0x21222324).encode(bytes);

        assertThat(HexFormat.of().formatHex(bytes))
                .isEqualTo("0200000000000000" + "0300000000000000" + "04030201" + "08070605" + "09000000" + "0100"
                        + "0500" + "03000000" + "14131211" + "24232221");
    }

    @Property
    void decodingUndoesEncoding(
            @ForAll long src,
            @ForAll long dst,
            @ForAll int ports,
            @ForAll int len,
            @ForAll @IntRange(max = 0xffff) int type,
            @ForAll @IntRange(max = 0xffff) int op,
            @ForAll int credit) {
        VsockHeader header = new VsockHeader(src, dst, ports, ~ports, len, type, op, ports, credit, -credit);
        byte[] bytes = new byte[VsockHeader.BYTES];
        header.encode(bytes);

        assertThat(VsockHeader.decode(bytes)).isEqualTo(header);
    }

    @Property
    void opsKeepTheirValueAndOthersAreUnknown(@ForAll @IntRange(min = -1, max = 0xffff) int wire) {
        VsockOp op = VsockOp.of(wire);
        if (wire >= 1 && wire <= 7) {
            assertThat(op.wire()).isEqualTo(wire);
        } else {
            assertThat(op).isEqualTo(VsockOp.UNKNOWN);
        }
    }

    @Example
    void anRstGoesBackWhereThePacketCameFrom() {
        VsockHeader rst = new VsockHeader(3, 2, 10, 20, 5, 2, 5, 7, 8, 9).rst();
        assertThat(rst).isEqualTo(new VsockHeader(2, 3, 20, 10, 0, 2, 3, 0, 0, 0));
    }
}
