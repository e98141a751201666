package vmette.config;

import java.time.Duration;
import java.util.Locale;

/** Durations as people read them. */
public final class Durations {
    private static final long SECOND = 1000;

    private Durations() {}

    /** As in {@code 350 ms}, {@code 1.2 s}, {@code 30 s}; below a millisecond is nothing. */
    public static String text(Duration duration) {
        long millis = duration.toMillis();
        if (millis % SECOND == 0) {
            return millis / SECOND + " s";
        }
        return millis < SECOND ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / (double) SECOND);
    }
}
