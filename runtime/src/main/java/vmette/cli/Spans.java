package vmette.cli;

import java.time.Duration;
import java.util.Locale;

/** Spans of time for people. Pure. */
final class Spans {
    private static final long MINUTE = 60;
    private static final long HOUR = 3600;
    private static final long DAY = 86_400;

    private Spans() {}

    /** The two greatest units, as in {@code 350 ms}, {@code 2.1 s}, {@code 3m 5s}, {@code 2h 10m}, {@code 12d 1h}; what is below nothing is nothing. */
    static String text(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 1) {
            return Math.max(0, span.toMillis()) + " ms";
        }
        if (seconds < MINUTE) {
            return String.format(Locale.ROOT, "%.1f s", span.toMillis() / 1000.0);
        }
        if (seconds < HOUR) {
            return seconds / MINUTE + "m " + seconds % MINUTE + "s";
        }
        if (seconds < DAY) {
            return seconds / HOUR + "h " + seconds % HOUR / MINUTE + "m";
        }
        return seconds / DAY + "d " + seconds % DAY / HOUR + "h";
    }
}
