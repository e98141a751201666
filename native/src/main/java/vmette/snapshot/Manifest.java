package vmette.snapshot;

import java.time.Instant;
import java.util.List;

/**
 * What a bundle says of itself.
 *
 * @param takenAt when the VM was in this state, by the host's clock; whole milliseconds, in the years 1970 to 9999
 * @param machine what has to run it
 * @param state of the devices
 * @param memory of the guest, {@code machine.memoryMib} MiB
 * @param disks every writable block device, at most 32, each name once
 */
public record Manifest(
        Instant takenAt, MachineIdentity machine, StateFile state, ChunkSums memory, List<DiskFile> disks) {
    static final int MAX_DISKS = 32;

    /** The last millisecond of the year 9999. */
    private static final long MAX_MILLIS = 253_402_300_799_999L;

    /** @throws IllegalArgumentException if something is not as said */
    public Manifest {
        Texts.range("taken-at in ms", takenAt.toEpochMilli(), 0, MAX_MILLIS);
        if (!takenAt.equals(Instant.ofEpochMilli(takenAt.toEpochMilli()))) {
            throw new IllegalArgumentException("taken-at is not in whole milliseconds");
        }
        if (memory.bytes() != machine.memoryMib() << 20) {
            throw new IllegalArgumentException("memory.bytes = " + memory.bytes() + " is not the machine's memory of "
                    + machine.memoryMib() + " MiB");
        }
        disks = List.copyOf(disks);
        Texts.range("the number of disks", disks.size(), 0, MAX_DISKS);
        if (disks.stream().map(DiskFile::name).distinct().count() < disks.size()) {
            throw new IllegalArgumentException("two disks have the same name");
        }
    }
}
