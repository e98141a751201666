package vmette.admission;

import java.time.Instant;
import java.util.List;

/**
 * Who comes up and who waits, at one time.
 *
 * @param starting VMs that come up
 * @param mostStarting the most that may at once
 * @param memoryMib what VMs have together, with what their monitors take
 * @param mostMemoryMib the most that they may have
 * @param waiting who waits: those that have been up before, then the others in the order in which they came
 */
public record AdmissionStatus(
        int starting, int mostStarting, long memoryMib, long mostMemoryMib, List<Waiting> waiting) {
    /** Takes what is given. */
    public AdmissionStatus {
        waiting = List.copyOf(waiting);
    }

    /**
     * A VM that waits.
     *
     * @param group whose turns it shares; empty: that of the VMs without a group
     * @param memoryMib all that it takes of the host
     * @param since when it asked
     * @param again whether it has been up before
     * @param forMemory whether it is memory that it waits for, and not only its turn
     */
    public record Waiting(String vm, String group, long memoryMib, Instant since, boolean again, boolean forMemory) {}
}
