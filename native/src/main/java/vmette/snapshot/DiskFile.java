package vmette.snapshot;

import java.util.regex.Pattern;

/**
 * A file of a block device in {@code disks/}. All files of one device are a chain, in the order of the manifest: the first is the raw image, each further
 * one a qcow2 over the one before, and the last is what the guest has seen. What a qcow2's header says of that counts for nothing.
 *
 * @param name the file's: 1 to 64 of {@code a-z 0-9 . _ -}, a letter or digit first
 * @param device the serial by which the guest knows the disk: as a name
 * @param format {@code raw} or {@code qcow2}
 * @param sums of the file
 */
public record DiskFile(String name, String device, String format, ChunkSums sums) {
    static final String RAW = "raw";
    static final String QCOW2 = "qcow2";

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

    /** @throws IllegalArgumentException if something is not as said */
    public DiskFile {
        if (!NAME.matcher(name).matches() || !NAME.matcher(device).matches()) {
            throw new IllegalArgumentException("a disk's name does not consist of 1 to 64 of a-z 0-9 . _ -");
        }
        if (!format.equals(RAW) && !format.equals(QCOW2)) {
            throw new IllegalArgumentException("the disk " + name + " is neither raw nor qcow2");
        }
    }

    /** Whether it is over another file. */
    public boolean isOverlay() {
        return format.equals(QCOW2);
    }
}
