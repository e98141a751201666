package vmette.libvmette;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import vmette.errors.InvalidConfigException;

/** Text as C has it. Pure. */
final class CText {
    private CText() {}

    /**
     * UTF-8 with a NUL behind it.
     *
     * @param key what it is, for the message
     * @throws InvalidConfigException if it holds a NUL, where C would see its end, or half a character
     */
    static byte[] of(String key, String text) {
        check(key, text);
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(utf8, utf8.length + 1);
    }

    /** Refuses what {@link #of} would. */
    static void check(String key, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new InvalidConfigException(key + " holds a NUL character, with which C ends a text: leave it out");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new InvalidConfigException(key + " holds half a surrogate pair, which is no character: leave it out");
        }
    }

    /** The text of these bytes; malformed ones are an error. */
    static String decode(ByteBuffer utf8) throws CharacterCodingException {
        CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(utf8);
        return text.toString();
    }
}
