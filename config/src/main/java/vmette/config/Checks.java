package vmette.config;

import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/** Range checks that name the key, the value and what is allowed. */
final class Checks {
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private Checks() {}

    static void noNul(String key, String value) {
        if (value.indexOf('\0') >= 0) {
            throw new InvalidConfigException(key + " holds a NUL character, which no Linux program can be given");
        }
    }

    /** POSIX 3.235: a name; what a shell can set. */
    static void environment(String key, String value) {
        if (!IDENTIFIER.matcher(key).matches()) {
            throw refuse("env", key, "a name of letters, digits and '_', not beginning with a digit");
        }
        noNul("env." + key, value);
    }

    static void positive(String key, Duration value) {
        if (Objects.requireNonNull(value, key).isNegative() || value.isZero()) {
            throw refuse(key, value, "a duration above 0");
        }
    }

    static void notNegative(String key, Duration value) {
        if (Objects.requireNonNull(value, key).isNegative()) {
            throw refuse(key, value, "a duration of 0 or more");
        }
    }

    static void range(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw refuse(key, value, most == Long.MAX_VALUE ? "at least " + least : least + " to " + most);
        }
    }

    static InvalidConfigException refuse(String key, Object value, String allowed) {
        return new InvalidConfigException(key + " = " + value + " is refused: allowed is " + allowed);
    }
}
