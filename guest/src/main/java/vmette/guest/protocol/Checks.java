package vmette.guest.protocol;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import vmette.errors.InvalidConfigException;

/** What the host's frames ask of a caller's values. */
final class Checks {
    private static final Duration MAX_MILLIS = Duration.ofMillis(0xffff_ffffL);

    private Checks() {}

    static void u16(String what, int value) {
        if (value >>> 16 != 0) {
            throw new InvalidConfigException("the " + what + " " + value + " is out of range: 0 to 65535");
        }
    }

    /** Refuses what a C string or UTF-8 cannot hold. */
    static void text(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw new InvalidConfigException(
                    "the " + what + " '" + abbreviate(text) + "' holds a NUL character, which no program can be given");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new InvalidConfigException("the " + what + " '" + abbreviate(text)
                    + "' is not valid Unicode (half of a surrogate pair stands alone)");
        }
    }

    static List<String> environment(List<String> entries) {
        List<String> copy = List.copyOf(entries);
        for (String entry : copy) {
            text("environment entry", entry);
            if (entry.indexOf('=') < 1) {
                throw new InvalidConfigException(
                        "the environment entry '" + abbreviate(entry) + "' is not of the form KEY=VALUE");
            }
        }
        return copy;
    }

    static Duration millis(String what, Duration duration) {
        if (duration.isNegative() || duration.compareTo(MAX_MILLIS) > 0) {
            throw new InvalidConfigException(
                    "the " + what + " " + duration + " is out of range: 0 to " + MAX_MILLIS.toMillis() + " ms");
        }
        long millis = duration.toMillis();
        return Duration.ofMillis(duration.equals(Duration.ofMillis(millis)) ? millis : millis + 1);
    }

    private static String abbreviate(String text) {
        String visible = text.replace("\0", "\\0");
        return visible.length() <= 60 ? visible : visible.substring(0, 57) + "...";
    }
}
