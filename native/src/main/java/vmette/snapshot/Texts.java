package vmette.snapshot;

import java.util.regex.Pattern;

/** What the texts of a manifest have to be. */
final class Texts {
    static final int MAX_CHARS = 4096;

    private static final int MOST_SHOWN = 100;
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    private Texts() {}

    /** Not empty, not long, and such that it can be shown. */
    static String plain(String what, String text) {
        if (text.isEmpty() || text.length() > MAX_CHARS) {
            throw new IllegalArgumentException(what + " has " + text.length() + " characters");
        }
        boolean shown = text.codePoints()
                .noneMatch(c -> Character.isISOControl(c)
                        || Character.getType(c) == Character.SURROGATE
                        || Character.getType(c) == Character.FORMAT
                        || Character.getType(c) == Character.LINE_SEPARATOR
                        || Character.getType(c) == Character.PARAGRAPH_SEPARATOR);
        if (!shown) {
            throw new IllegalArgumentException(what + " holds what cannot be shown");
        }
        return text;
    }

    /** A name of anybody's choice, for messages. */
    static String shown(String name) {
        return name.substring(0, Math.min(name.length(), MOST_SHOWN)).replaceAll("[^ -~]", "?");
    }

    /** A SHA-256 in small hexadecimal digits. */
    static String digest(String what, String text) {
        if (!DIGEST.matcher(text).matches()) {
            throw new IllegalArgumentException(what + " is no SHA-256");
        }
        return text;
    }

    static long range(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " = " + value + " is out of range: " + least + " to " + most);
        }
        return value;
    }
}
