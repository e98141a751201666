package vmette.config;

import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * {@code vmette.admission}: how many VMs may start at once, and how much memory all may have.
 *
 * @param starting the most that start at once, 1 to 10,000; empty: two for each processor
 * @param memoryMib of all VMs together, in MiB; empty: what the host has
 * @param queue the most VMs that wait for their first start, 0 to 1,000,000
 * @param whenFull what becomes of a VM that cannot start at once
 */
public record AdmissionSettings(OptionalInt starting, OptionalLong memoryMib, int queue, WhenFull whenFull) {
    static final int MOST_STARTING = 10_000;
    static final int LONGEST_QUEUE = 1_000_000;

    /** Checks what is given. */
    public AdmissionSettings {
        Objects.requireNonNull(whenFull, "whenFull");
        if (starting.isPresent() && (starting.getAsInt() < 1 || starting.getAsInt() > MOST_STARTING)) {
            throw Checks.refuse("admission.starting", starting.getAsInt(), "1 to " + MOST_STARTING);
        }
        if (memoryMib.isPresent() && memoryMib.getAsLong() < 1) {
            throw Checks.refuse("admission.memory", memoryMib.getAsLong(), "at least 1 MiB");
        }
        if (queue < 0 || queue > LONGEST_QUEUE) {
            throw Checks.refuse("admission.queue", queue, "0 to " + LONGEST_QUEUE);
        }
    }

    static AdmissionSettings from(Section section) {
        int starting = section.integer("starting", 0, MOST_STARTING);
        long memory = section.mebibytes("memory", 0);
        return new AdmissionSettings(
                starting == 0 ? OptionalInt.empty() : OptionalInt.of(starting),
                memory == 0 ? OptionalLong.empty() : OptionalLong.of(memory),
                section.integer("queue", 0, LONGEST_QUEUE),
                section.oneOf("when-full", WhenFull.class));
    }
}
