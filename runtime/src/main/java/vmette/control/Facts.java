package vmette.control;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is told of one thing, as names and values in their order. A reader takes what it knows; a later version may tell more.
 *
 * @param values at most {@value #MOST}; what is not known is not there
 */
public record Facts(Map<String, String> values) {
    /** As many as go into a frame. */
    public static final int MOST = ControlCodec.MAX_WORDS / 2;

    private static final int MAX_VALUE = 2000;

    /** Copies what is given. */
    public Facts {
        if (values.size() > MOST) {
            throw new IllegalArgumentException(values.size() + " facts");
        }
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** Names and values in turn; an empty value is left out. */
    public static Facts of(Object... members) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            Object value = members[i + 1] instanceof Optional<?> optional ? optional.orElse(null) : members[i + 1];
            if (value != null && !value.toString().isEmpty()) {
                values.put((String) members[i], value.toString());
            }
        }
        return new Facts(values);
    }

    /** One of them. */
    public Optional<String> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /** One of them; what is not there is as good as nothing to people. */
    public String text(String name) {
        return values.getOrDefault(name, "");
    }

    /** One of them as a number; empty also for what is none. */
    public Optional<Long> number(String name) {
        try {
            return get(name).map(Long::valueOf);
        } catch (NumberFormatException none) {
            return Optional.empty();
        }
    }

    /** With those of another over them. */
    public Facts with(Facts other) {
        Map<String, String> all = new LinkedHashMap<>(values);
        all.putAll(other.values);
        return new Facts(all);
    }

    /** As words. */
    List<String> words() {
        List<String> words = new ArrayList<>();
        values.forEach((name, value) -> {
            words.add(name);
            words.add(value.length() > MAX_VALUE ? value.substring(0, MAX_VALUE) + "..." : value);
        });
        return words;
    }

    /** Of words. @throws IOException for what are none */
    static Facts of(List<String> words) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < words.size(); i += 2) {
            if (i + 1 == words.size() || values.put(words.get(i), words.get(i + 1)) != null) {
                throw new IOException("a control frame with broken facts");
            }
        }
        return new Facts(values);
    }
}
