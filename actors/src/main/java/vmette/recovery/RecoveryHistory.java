package vmette.recovery;

import java.util.List;
import java.util.stream.Stream;
import vmette.config.RecoverySettings;

/**
 * The failures of a VM that were followed by another incarnation. Bounded: the latest, and a count of all.
 *
 * @param recent the latest, oldest first, without restarts that were ordered
 * @param total how many incarnations have been followed by another
 */
public record RecoveryHistory(List<Failure> recent, long total) {
    /** Enough for the highest {@code max-restarts}. */
    public static final int KEPT = RecoverySettings.MOST_RESTARTS;

    /** Of a VM that has not failed yet. */
    public static final RecoveryHistory NONE = new RecoveryHistory(List.of(), 0);

    /** Copies what is given. */
    public RecoveryHistory {
        recent = List.copyOf(recent);
    }

    /** With one more. */
    public RecoveryHistory with(Failure failure) {
        if (failure.kind().retry() == FailureKind.Retry.ORDERED) {
            return new RecoveryHistory(recent, total + 1);
        }
        int forgotten = Math.max(0, recent.size() + 1 - KEPT);
        return new RecoveryHistory(
                Stream.concat(recent.stream(), Stream.of(failure))
                        .skip(forgotten)
                        .toList(),
                total + 1);
    }
}
