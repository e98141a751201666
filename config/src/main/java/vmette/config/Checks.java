package vmette.config;

import java.time.Duration;
import java.util.Objects;
import vmette.errors.InvalidConfigException;

/** Range checks that name the key, the value and what is allowed. */
final class Checks {
    private Checks() {}

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
