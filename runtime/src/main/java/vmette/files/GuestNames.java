package vmette.files;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import vmette.errors.InvalidConfigException;
import vmette.vmm.GuestText;

/**
 * Names of files, which are bytes, as text: UTF-8, and each byte that is not part of it as a lone surrogate, U+DC80 to U+DCFF. So every name
 * can be told, and the text told names the same file. (Python's {@code surrogateescape} is the same.)
 */
final class GuestNames {
    /** PATH_MAX of limits.h without its NUL. */
    static final int MAX_PATH_BYTES = 4095;

    private static final int ESCAPES = 0xdc00;

    private GuestNames() {}

    static String text(byte[] name) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(name);
        // No byte makes more than one character.
        CharBuffer out = CharBuffer.allocate(name.length);
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (result.isUnderflow()) {
                return out.flip().toString();
            }
            out.put((char) (ESCAPES | (in.get() & 0xff)));
        }
    }

    /** The bytes that the text stands for. */
    static byte[] bytes(String name) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(name.length() + 16);
        name.codePoints().forEach(c -> {
            if (isEscape(c)) {
                bytes.write(c & 0xff);
            } else if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                throw new InvalidConfigException("the path '" + GuestText.printable(name)
                        + "' is not valid Unicode (half of a surrogate pair stands alone)");
            } else {
                bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
            }
        });
        return bytes.toByteArray();
    }

    private static boolean isEscape(int c) {
        return c >= (ESCAPES | 0x80) && c <= (ESCAPES | 0xff);
    }

    /**
     * A path as an argument of a built-in, which is UTF-8: a percent sign and each byte beyond UTF-8 as {@code %xx}.
     *
     * @throws InvalidConfigException for what is no absolute path of Linux
     */
    static String argument(String path) {
        if (!path.startsWith("/")) {
            throw new InvalidConfigException(
                    "the path '" + GuestText.printable(path) + "' is not absolute: begin it with /");
        }
        if (path.indexOf('\0') >= 0) {
            throw new InvalidConfigException(
                    "the path '" + GuestText.printable(path) + "' holds a NUL character, which no file name can");
        }
        int length = bytes(path).length;
        if (length > MAX_PATH_BYTES) {
            throw new InvalidConfigException("the path '" + GuestText.printable(path) + "' has " + length
                    + " bytes, Linux allows " + MAX_PATH_BYTES);
        }
        StringBuilder argument = new StringBuilder(path.length());
        path.codePoints().forEach(c -> {
            if (c == '%' || isEscape(c)) {
                argument.append(String.format("%%%02x", c & 0xff));
            } else {
                argument.appendCodePoint(c);
            }
        });
        return argument.toString();
    }

    /** The last component of a path; of the root, {@code /}. */
    static String last(String path) {
        int end = path.length();
        while (end > 1 && path.charAt(end - 1) == '/') {
            end--;
        }
        String trimmed = path.substring(0, end);
        return trimmed.equals("/") ? trimmed : trimmed.substring(trimmed.lastIndexOf('/') + 1);
    }
}
