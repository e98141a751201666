package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ControlCodecTest {
    private static ControlFrame read(byte[] bytes) throws IOException {
        return ControlCodec.read(new ByteArrayInputStream(bytes));
    }

    @Property
    void wordsComeBack(@ForAll @Size(max = 20) List<String> words) throws IOException {
        List<String> encodable =
                words.stream().map(word -> word.replaceAll("\\p{Cs}", "")).toList();
        for (ControlFrame frame : List.of(new ControlFrame.Request(encodable), new ControlFrame.Answer(encodable))) {
            assertThat(read(ControlCodec.write(frame))).isEqualTo(frame);
        }
    }

    @Property
    void contentComesBack(@ForAll byte[] bytes) throws IOException {
        assertThat(read(ControlCodec.write(new ControlFrame.Data(bytes))))
                .isInstanceOfSatisfying(ControlFrame.Data.class, data -> assertThat(data.bytes())
                        .isEqualTo(bytes));
    }

    @Property
    void grantsComeBack(@ForAll @IntRange(max = 2) int stream, @ForAll @IntRange(min = 1, max = Credit.MOST) int bytes)
            throws IOException {
        ControlFrame frame = new ControlFrame.Grant(stream, bytes);
        assertThat(read(ControlCodec.write(frame))).isEqualTo(frame);
    }

    @Property
    void anyBytesAreFramesOrAreRefused(@ForAll byte[] bytes) {
        readAll(bytes);
    }

    @Property
    void aDamagedFrameIsAFrameOrRefused(
            @ForAll @IntRange(max = 30) int at, @ForAll byte value, @ForAll @IntRange(min = 1, max = 8) int type) {
        byte[] bytes = ControlCodec.write(new ControlFrame.Request(List.of("write", "name", "/path", "644")));
        bytes[0] = (byte) type;
        bytes[Math.floorMod(at, bytes.length)] = value;
        readAll(bytes);
    }

    private static void readAll(byte[] bytes) {
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        try {
            while (in.available() > 0) {
                assertThat(ControlCodec.read(in)).isNotNull();
            }
        } catch (IOException refused) {
            assertThat(refused).hasMessageContaining("control").hasMessageNotContaining("null");
        }
    }

    @Example
    void lengthsAreCheckedBeforeTheyAreUsed() {
        assertThatThrownBy(() -> read(new byte[] {2, 1, 0, 4, 0})).hasMessageContaining("262145 bytes");
        assertThatThrownBy(() -> read(new byte[] {2, -1, -1, -1, -1})).hasMessageContaining("4294967295 bytes");
        assertThatThrownBy(() -> read(new byte[] {2, 4, 0, 0, 0, 1})).isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> read(new byte[] {9, 0, 0, 0, 0})).hasMessageContaining("type 9");
        assertThatThrownBy(() -> read(new byte[] {8, 5, 0, 0, 0, 3, 1, 0, 0, 0}))
                .hasMessageContaining("grants");
        assertThatThrownBy(() -> read(new byte[] {8, 5, 0, 0, 0, 1, 0, 0, 0, 0}))
                .hasMessageContaining("grants");
        assertThatThrownBy(() -> read(new byte[] {8, 1, 0, 0, 0, 1})).hasMessageContaining("grants");
        assertThatThrownBy(() -> read(new byte[] {3, 1, 0, 0, 0, 0})).hasMessageContaining("body");
    }
}
