package vmette.machine;

/** Words out of a file, fit for a message. */
final class Printable {
    private static final int MOST = 120;

    private Printable() {}

    static String of(String text) {
        String line = String.valueOf(text).replaceAll("\\p{Cntrl}", "?");
        return line.length() <= MOST ? line : line.substring(0, MOST) + "...";
    }
}
