package vmette.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import vmette.errors.InvalidConfigException;

/** One section of a configuration, whose errors name the key, where it was set, the value and what is allowed. */
final class Section {
    private static final Config REFERENCE = ConfigFactory.defaultReference(Section.class.getClassLoader());

    private final Config config;
    private final String name;

    private Section(Config config, String name) {
        this.config = config;
        this.name = name;
    }

    static Section of(Config root, String name) {
        try {
            return new Section(root.withFallback(REFERENCE).resolve().getConfig(name), name);
        } catch (ConfigException e) {
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /** A section that stands elsewhere, with the keys and the defaults of one that reference.conf has. */
    static Section like(String reference, Config given, String name) {
        try {
            return new Section(
                    given.withFallback(REFERENCE.getConfig(reference)).resolve(), name);
        } catch (ConfigException e) {
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /** What reference.conf has there. */
    static Section reference(String name) {
        return new Section(REFERENCE.getConfig(name), name);
    }

    /** All that is given, over reference.conf. */
    static Config over(Config root) {
        try {
            return root.withFallback(REFERENCE).resolve();
        } catch (ConfigException e) {
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    Section section(String key) {
        return new Section(read(key, "a section { ... }", () -> config.getConfig(key)), name + "." + key);
    }

    Optional<Path> path(String key) {
        String text = text(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Path.of(homeExpanded(text)));
        } catch (InvalidPathException e) {
            throw refuse(key, "a path", e);
        }
    }

    /** A path that may begin with {@code ~/}. */
    static Path expanded(String text) {
        try {
            return Path.of(homeExpanded(text));
        } catch (InvalidPathException e) {
            throw new InvalidConfigException("'" + text.replace("\0", "\\0") + "' is not a path", e);
        }
    }

    private static String homeExpanded(String text) {
        return text.startsWith("~/") ? System.getProperty("user.home") + text.substring(1) : text;
    }

    boolean flag(String key) {
        return read(key, "true or false", () -> config.getBoolean(key));
    }

    String text(String key) {
        return read(key, "a text", () -> config.getString(key));
    }

    int integer(String key, int least, int most) {
        String allowed = "a whole number from " + least + " to " + most;
        long value = read(key, allowed, () -> config.getLong(key));
        return (int) inRange(key, value, least, most, allowed);
    }

    long bytes(String key, long least, long most) {
        String allowed = most == Long.MAX_VALUE
                ? "a size of at least " + least + " bytes"
                : "a size from " + least + " to " + most + " bytes";
        long value = read(key, allowed, () -> config.getBytes(key));
        return inRange(key, value, least, most, allowed);
    }

    /** A size whose bare number means MiB. */
    long mebibytes(String key, long least) {
        String allowed = "MiB, or a size with a unit, of at least " + least + " MiB";
        String text = text(key).trim();
        if (text.chars().allMatch(Character::isDigit) && !text.isEmpty() && text.length() < 16) {
            return inRange(key, Long.parseLong(text), least, Long.MAX_VALUE >> 20, allowed);
        }
        long bytes = read(key, allowed, () -> config.getBytes(key));
        if (bytes % (1 << 20) != 0) {
            throw refuse(key, "a whole number of MiB", null);
        }
        return inRange(key, bytes >> 20, least, Long.MAX_VALUE >> 20, allowed);
    }

    Duration duration(String key, boolean positive) {
        String allowed =
                positive ? "a duration above 0, such as 200ms or 5s" : "a duration of 0 or more, such as 200ms or 5s";
        Duration value = read(key, allowed, () -> config.getDuration(key));
        // HOCON takes a bare number for milliseconds, and who writes one rarely means them.
        if (!value.isZero() && text(key).strip().chars().noneMatch(Character::isLetter)) {
            throw refuse(key, "a number with its unit, such as 200ms or 5s", null);
        }
        if (value.isNegative() || (positive && value.isZero())) {
            throw refuse(key, allowed, null);
        }
        if (value.compareTo(Checks.LONGEST) > 0) {
            throw refuse(key, "at most " + Checks.LONGEST.toDays() + " days", null);
        }
        return value;
    }

    <E extends Enum<E>> E oneOf(String key, Class<E> type) {
        String text = text(key);
        return Arrays.stream(type.getEnumConstants())
                .filter(e -> e.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> refuse(
                        key,
                        Arrays.stream(type.getEnumConstants())
                                .map(e -> e.name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")),
                        null));
    }

    double fraction(String key) {
        return number(key, 0, 1);
    }

    double number(String key, int least, int most) {
        String allowed = "a number from " + least + " to " + most;
        double value = read(key, allowed, () -> config.getDouble(key));
        if (!(value >= least && value <= most)) {
            throw refuse(key, allowed, null);
        }
        return value;
    }

    /** A list of texts, each of which {@code parse} reads or refuses. */
    <T> List<T> list(String key, Function<String, T> parse) {
        List<String> texts = read(key, "a list of texts", () -> config.getStringList(key));
        List<T> values = new ArrayList<>();
        for (String text : texts) {
            try {
                values.add(parse.apply(text));
            } catch (InvalidConfigException e) {
                throw new InvalidConfigException(
                        name + "." + key + " ("
                                + Origins.where(config.getValue(key).origin()) + "): " + e.getMessage(),
                        e);
            }
        }
        return values;
    }

    Map<String, String> texts(String key) {
        Map<String, String> texts = new LinkedHashMap<>();
        Config entries = read(key, "names and texts", () -> config.getConfig(key));
        entries.root().forEach((entry, value) -> {
            switch (value.valueType()) {
                case STRING, NUMBER, BOOLEAN -> texts.put(entry, String.valueOf(value.unwrapped()));
                default -> throw refuse(key + "." + entry, "a text", null);
            }
        });
        return texts;
    }

    /** Refuses any key, however deep, that reference.conf does not have; a section that is empty there is free. */
    void refuseUnknownKeys() {
        refuseUnknownKeys(config, REFERENCE.getConfig(name), name);
    }

    /** The same, of keys that stand elsewhere. */
    static void refuseUnknownKeys(Config given, Config known, String path) {
        Set<String> names = known.root().keySet();
        if (names.isEmpty()) {
            return;
        }
        given.root().forEach((key, value) -> {
            if (!names.contains(key)) {
                String nearest = names.stream()
                        .min((a, b) -> Integer.compare(Words.distance(a, key), Words.distance(b, key)))
                        .orElseThrow();
                throw new InvalidConfigException(path + "." + key + " (" + Origins.where(value.origin())
                        + ") is not a setting; the nearest one is " + path + "." + nearest);
            }
            ConfigValue reference = known.root().get(key);
            if (value instanceof com.typesafe.config.ConfigObject inner
                    && reference instanceof com.typesafe.config.ConfigObject expected) {
                refuseUnknownKeys(inner.toConfig(), expected.toConfig(), path + "." + key);
            }
        });
    }

    private long inRange(String key, long value, long least, long most, String allowed) {
        if (value < least || value > most) {
            throw refuse(key, allowed, null);
        }
        return value;
    }

    private <T> T read(String key, String allowed, Supplier<T> reading) {
        try {
            return reading.get();
        } catch (ConfigException e) {
            throw refuse(key, allowed, e);
        }
    }

    InvalidConfigException refuse(String key, String allowed, Exception cause) {
        ConfigValue value = config.hasPathOrNull(key) && !config.getIsNull(key) ? config.getValue(key) : null;
        String origin = value == null ? "nowhere" : Origins.where(value.origin());
        Object shown = value == null ? "null" : value.unwrapped();
        return new InvalidConfigException(
                name + "." + key + " = " + shown + " (" + origin + ") is refused: allowed is " + allowed, cause);
    }
}
