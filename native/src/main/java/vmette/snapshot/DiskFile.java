package vmette.snapshot;

import java.util.regex.Pattern;

/**
 * A block device's file in {@code disks/}.
 *
 * @param name the file's: 1 to 64 of {@code a-z 0-9 . _ -}, a letter or digit first
 * @param format {@code raw} or {@code qcow2}
 * @param sums of the file
 */
public record DiskFile(String name, String format, ChunkSums sums) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

    /** @throws IllegalArgumentException if something is not as said */
    public DiskFile {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("a disk's name does not consist of 1 to 64 of a-z 0-9 . _ -");
        }
        if (!format.equals("raw") && !format.equals("qcow2")) {
            throw new IllegalArgumentException("the disk " + name + " is neither raw nor qcow2");
        }
    }
}
