package vmette.snapshot;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a bundle says of itself.
 *
 * @param takenAt when the VM was in this state, by the host's clock; whole milliseconds, in the years 1970 to 9999
 * @param machine what has to run it
 * @param state of the devices
 * @param memory of the guest, {@code machine.memoryMib} MiB
 * @param disks files of every writable block device, at most 32, each name once; those of one device one after the other, at most {@value #MAX_LINKS}, the first raw and the
 *     others not
 */
public record Manifest(
        Instant takenAt, MachineIdentity machine, StateFile state, ChunkSums memory, List<DiskFile> disks) {
    /** The longest chain of files of one device: reads go through all of them. */
    public static final int MAX_LINKS = 4;

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
        requireChains(disks);
    }

    private static void requireChains(List<DiskFile> disks) {
        Set<String> devices = new HashSet<>();
        int links = 0;
        for (int i = 0; i < disks.size(); i++) {
            DiskFile file = disks.get(i);
            links = file.isOverlay() ? links + 1 : 1;
            boolean follows = i > 0 && disks.get(i - 1).device().equals(file.device());
            if (file.isOverlay() != follows || (!follows && !devices.add(file.device()))) {
                throw new IllegalArgumentException("the files of the disk " + file.device()
                        + " are no chain: one after the other, the first raw and the others qcow2");
            }
            if (links > MAX_LINKS) {
                throw new IllegalArgumentException(
                        "the disk " + file.device() + " has more than " + MAX_LINKS + " files");
            }
        }
    }

    /** The files of one device, the lowest first; none if there is no such device. */
    public List<DiskFile> chain(String device) {
        return disks.stream().filter(file -> file.device().equals(device)).toList();
    }
}
