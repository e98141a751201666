package vmette.vmm;

/** What a guest has written, or a monitor that it may have broken into, made fit to be shown to people. Pure. */
public final class GuestText {
    /** The longest text shown, in characters; "..." follows one that was cut. */
    public static final int MAX_CHARS = 1_000;

    private GuestText() {}

    /**
     * One line of at most {@link #MAX_CHARS} characters in which whatever could move a reader's cursor, end his line or turn
     * his writing around is escaped: its code point shows in hexadecimal.
     */
    public static String printable(String text) {
        return printable(text, false);
    }

    /** The same for a text that has lost its end already. */
    public static String printable(String text, boolean cut) {
        return printable(text, cut, MAX_CHARS);
    }

    /** The same with another limit than {@link #MAX_CHARS}. */
    public static String printable(String text, int most) {
        return printable(text, false, most);
    }

    private static String printable(String text, boolean cut, int most) {
        StringBuilder escaped = new StringBuilder(Math.min(text.length(), most));
        text.codePoints().takeWhile(c -> escaped.length() <= most).forEach(c -> appendEscaped(escaped, c));
        boolean shortened = cut || escaped.length() > most;
        escaped.setLength(Math.min(escaped.length(), most));
        return shortened ? escaped.append("...").toString() : escaped.toString();
    }

    private static void appendEscaped(StringBuilder to, int codePoint) {
        boolean visible =
                switch (Character.getType(codePoint)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> codePoint == '\t';
                    default -> true;
                };
        if (visible) {
            to.appendCodePoint(codePoint);
        } else if (codePoint < 0x100) {
            to.append(String.format("\\x%02x", codePoint));
        } else {
            to.append(String.format("\\u{%x}", codePoint));
        }
    }
}
