package vmette.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import vmette.errors.InvalidConfigException;

class GuestNamesTest {
    @Property
    void everyNameCanBeToldAndGivenBack(@ForAll byte[] name) {
        assertThat(GuestNames.bytes(GuestNames.text(name))).isEqualTo(name);
    }

    @Property
    void anArgumentIsUtf8AndStandsForThePathsBytes(@ForAll byte[] name) {
        String path = "/" + GuestNames.text(name).replace("\0", "");
        String argument = GuestNames.argument(path);
        assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(argument)).isTrue();
        assertThat(decode(argument)).isEqualTo(GuestNames.bytes(path));
    }

    /** As the agent does. */
    private static byte[] decode(String argument) {
        byte[] bytes = argument.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '%') {
                decoded.write(Integer.parseInt(new String(bytes, i + 1, 2, StandardCharsets.US_ASCII), 16));
                i += 2;
            } else {
                decoded.write(bytes[i]);
            }
        }
        return decoded.toByteArray();
    }

    @Example
    void textIsTextWhereItCanBe() {
        assertThat(GuestNames.text("grün 😀".getBytes(StandardCharsets.UTF_8))).isEqualTo("grün 😀");
        assertThat(GuestNames.text(new byte[] {'a', (byte) 0xff, (byte) 0xc3})).isEqualTo("a\udcff\udcc3");
        assertThat(GuestNames.argument("/100%/\udcff")).isEqualTo("/100%25/%ff");
    }

    @Example
    void whatIsNoPathIsRefused() {
        for (String path : new String[] {"", "relative", "/a\0b", "/\ud800", "/" + "x".repeat(4095)}) {
            assertThatThrownBy(() -> GuestNames.argument(path)).isInstanceOf(InvalidConfigException.class);
        }
        assertThat(GuestNames.argument("/" + "x".repeat(4094))).hasSize(4095);
    }

    @Example
    void theLastComponentIsTheName() {
        assertThat(GuestNames.last("/a/b")).isEqualTo("b");
        assertThat(GuestNames.last("/a/b//")).isEqualTo("b");
        assertThat(GuestNames.last("//")).isEqualTo("/");
    }
}
