package vmette.config;

import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/** Range checks that name the key, the value and what is allowed. */
final class Checks {
    /**
     * 2^31 - 1 ticks of 10 ms: what Akka's scheduler can wait for, rounded down to a day.
     */
    static final Duration LONGEST = Duration.ofDays(248);

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
            throw refuse(key, text(value), "a duration above 0");
        }
        notTooLong(key, value);
    }

    static void notNegative(String key, Duration value) {
        if (Objects.requireNonNull(value, key).isNegative()) {
            throw refuse(key, text(value), "a duration of 0 or more");
        }
        notTooLong(key, value);
    }

    private static void notTooLong(String key, Duration value) {
        if (value.compareTo(LONGEST) > 0) {
            throw refuse(key, text(value), "at most " + LONGEST.toDays() + " days");
        }
    }

    /** What grows from {@code min} to {@code max}, and of which a part may be taken off at random. */
    static void backoff(String key, Duration min, Duration max, double jitter) {
        positive(key + ".min", min);
        positive(key + ".max", max);
        if (max.compareTo(min) < 0) {
            throw refuse(key + ".max", text(max), "at least " + key + ".min, which is " + text(min));
        }
        if (!(jitter >= 0 && jitter <= 1)) {
            throw refuse(key + ".jitter", jitter, "0 to 1");
        }
    }

    /** As a person writes it, if it is whole seconds. */
    static String text(Duration value) {
        return value.toNanosPart() == 0 ? value.toSeconds() + "s" : value.toString();
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
