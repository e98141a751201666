package vmette.config;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Objects;

/**
 * {@code vmette.recovery}: what follows the failure of a VM.
 *
 * @param mode which ends are followed by another incarnation
 * @param maxRestarts the most recoveries within the period, 0 to 100
 * @param within the period, positive
 * @param backoff how long each recovery waits
 * @param stableAfter how long a VM is ready until it counts as stable, not negative
 * @param restoreAttempts failed restores after which a snapshot is not tried any more, 1 to 100
 */
public record RecoverySettings(
        RestartMode mode,
        int maxRestarts,
        Duration within,
        Backoff backoff,
        Duration stableAfter,
        int restoreAttempts) {
    /** What a history of failures has room for; more restarts could not be counted. */
    public static final int MOST_RESTARTS = 100;

    /**
     * {@code vmette.recovery.backoff}: the first recovery waits not at all, the second {@code min}, each further one twice as long.
     *
     * @param min positive
     * @param max the longest wait, at least {@code min}
     * @param jitter the part of a wait that may be taken off at random, 0 to 1
     */
    public record Backoff(Duration min, Duration max, double jitter) {
        /** Checks what is given. */
        public Backoff {
            Checks.backoff("recovery.backoff", min, max, jitter);
        }
    }

    /** Checks what is given. */
    public RecoverySettings {
        Objects.requireNonNull(mode, "mode");
        Objects.requireNonNull(backoff, "backoff");
        Checks.range("recovery.max-restarts", maxRestarts, 0, MOST_RESTARTS);
        Checks.positive("recovery.within", within);
        Checks.notNegative("recovery.stable-after", stableAfter);
        Checks.range("recovery.restore-attempts", restoreAttempts, 1, 100);
    }

    /**
     * Reads a section that has the keys of {@code vmette.recovery}; what it does not say is as {@code reference.conf} has it.
     *
     * @param section resolved; keys that it should not have are not looked for
     * @param path where it stands, for messages
     * @throws vmette.errors.InvalidConfigException naming the key, where it was set, the value and what is allowed
     */
    public static RecoverySettings from(Config section, String path) {
        return from(Section.like("vmette.recovery", section, path));
    }

    static RecoverySettings from(Section section) {
        Section backoff = section.section("backoff");
        return new RecoverySettings(
                section.oneOf("mode", RestartMode.class),
                section.integer("max-restarts", 0, MOST_RESTARTS),
                section.duration("within", true),
                new Backoff(backoff.duration("min", true), backoff.duration("max", true), backoff.fraction("jitter")),
                section.duration("stable-after", false),
                section.integer("restore-attempts", 1, 100));
    }

    /** With another mode. */
    public RecoverySettings withMode(RestartMode other) {
        return new RecoverySettings(other, maxRestarts, within, backoff, stableAfter, restoreAttempts);
    }
}
