package vmette.group;

import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * When a group restarted children. Bounded: the latest, and enough of them for the highest {@code max-restarts}.
 *
 * @param recent oldest first
 * @param total of all
 */
public record Restarts(List<Instant> recent, long total) {
    /** Of a group that has just been started. */
    public static final Restarts NONE = new Restarts(List.of(), 0);

    private static final int KEPT = 128;

    /** Copies what is given. */
    public Restarts {
        recent = List.copyOf(recent);
    }

    /** With one more. */
    public Restarts with(Instant now) {
        return new Restarts(
                Stream.concat(recent.stream(), Stream.of(now))
                        .skip(Math.max(0, recent.size() + 1 - KEPT))
                        .toList(),
                total + 1);
    }

    /** How many there were after a moment. */
    public long since(Instant moment) {
        return recent.stream().filter(at -> at.isAfter(moment)).count();
    }
}
