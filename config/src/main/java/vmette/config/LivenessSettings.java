package vmette.config;

import java.time.Duration;

/**
 * {@code vmette.liveness}: when a VM that is silent is taken for lost.
 *
 * @param interval between two looks at a VM that is ready; 0: nobody looks
 * @param stoppedAfter how long its monitor's process may be stopped, not negative
 * @param deadAfter how long its monitor may use no processor time while the guest is silent, at least two intervals
 * @param hungAfter how long the guest may be silent, at least two intervals
 * @param mostStretch by how much a loaded host may stretch the last two, 1 to 100
 */
public record LivenessSettings(
        Duration interval, Duration stoppedAfter, Duration deadAfter, Duration hungAfter, double mostStretch) {
    /** Beyond it nothing would ever be taken for lost. */
    public static final double LARGEST_STRETCH = 100;

    /** Checks what is given. */
    public LivenessSettings {
        Checks.notNegative("liveness.interval", interval);
        Checks.notNegative("liveness.stopped-after", stoppedAfter);
        patient("liveness.dead-after", deadAfter, interval);
        patient("liveness.hung-after", hungAfter, interval);
        if (!(mostStretch >= 1 && mostStretch <= LARGEST_STRETCH)) {
            throw Checks.refuse("liveness.most-stretch", mostStretch, "1 to " + (int) LARGEST_STRETCH);
        }
    }

    /** What is asked at one look can be answered by the next: one missing answer is no silence yet. */
    private static void patient(String key, Duration value, Duration interval) {
        Checks.positive(key, value);
        if (value.compareTo(interval.multipliedBy(2)) < 0) {
            throw Checks.refuse(
                    key, Checks.text(value), "at least two of liveness.interval, which is " + Checks.text(interval));
        }
    }

    static LivenessSettings from(Section section) {
        return new LivenessSettings(
                section.duration("interval", false),
                section.duration("stopped-after", false),
                section.duration("dead-after", true),
                section.duration("hung-after", true),
                section.number("most-stretch", 1, (int) LARGEST_STRETCH));
    }

    /** Whether anybody looks. */
    public boolean isOn() {
        return !interval.isZero();
    }
}
