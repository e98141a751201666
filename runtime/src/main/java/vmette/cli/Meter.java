package vmette.cli;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** What is drawn of how far something has come, in ASCII alone: how wide other characters are, terminals do not agree. Pure. */
final class Meter {
    private static final int NAME = 20;
    private static final int LEAST_NAME = 8;
    private static final int WIDEST_GAUGE = 24;
    private static final int LEAST_GAUGE = 5;

    private Meter() {}

    /** {@code [####----]} with so many places between its brackets. */
    static String gauge(long done, long total, int places) {
        int filled = (int) (share(done, total, 1000) * places / 1000);
        return "[" + "#".repeat(filled) + "-".repeat(places - filled) + "]";
    }

    /** How many of {@code parts} are done. */
    static long share(long done, long total, long parts) {
        return done >= total ? parts : (long) ((double) done / total * parts);
    }

    /** As people say it. */
    static String size(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        String unit = "B";
        for (String next : new String[] {"KiB", "MiB", "GiB", "TiB"}) {
            if (value < 1024) {
                break;
            }
            value /= 1024;
            unit = next;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, unit);
    }

    /**
     * One line of a transfer, of at most this width: what has no room is left out, the rate first, then the gauge.
     *
     * @param total not positive: unknown, and there is no gauge
     * @param nanos since it began
     */
    static String transfer(String name, long done, long total, long nanos, int width) {
        boolean known = total > 0;
        String amount = known ? size(Math.min(done, total)) + "/" + size(total) : size(done);
        String rate = nanos > 100_000_000 ? "  " + size((long) (done / (nanos / 1e9))) + "/s" : "";
        int gauge = known ? Math.min(WIDEST_GAUGE, width - NAME - amount.length() - rate.length() - 5) : 0;
        if (known && gauge < LEAST_GAUGE) {
            rate = "";
            gauge = Math.min(WIDEST_GAUGE, width - NAME - amount.length() - 5);
        }
        String middle = gauge < LEAST_GAUGE ? "" : gauge(done, total, gauge) + "  ";
        int names = Math.max(LEAST_NAME, Math.min(NAME, width - amount.length() - 1));
        String line = String.format("%-" + names + "s ", shortened(name, names)) + middle + amount + rate;
        return line.length() > width ? line.substring(0, Math.max(0, width)) : line;
    }

    /** Both ends of a text that is longer than this. */
    private static String shortened(String text, int length) {
        String ascii = new String(text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII)
                .replaceAll("[^ -~]", "?");
        return ascii.length() <= length
                ? ascii
                : ascii.substring(0, 4) + ".." + ascii.substring(ascii.length() - length + 6);
    }
}
