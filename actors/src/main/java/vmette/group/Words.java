package vmette.group;

import java.time.Duration;

/** Durations as a configuration has them. */
final class Words {
    private Words() {}

    static String of(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
}
