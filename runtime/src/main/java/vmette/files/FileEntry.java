package vmette.files;

import java.time.Instant;
import java.util.Optional;

/**
 * What a guest says of one of its files. It may have changed since, and a hostile guest may have made it up.
 *
 * @param name the last component of its path; bytes that are not UTF-8 stand as {@link GuestFiles} says
 * @param kind what it is
 * @param mode permission bits with setuid, setgid and sticky, 0 to 07777
 * @param size in bytes; a symbolic link's is its target's length
 * @param uid the owner's number
 * @param gid the group's number
 * @param links how many names it has
 * @param modified when its content last changed
 * @param target where a symbolic link leads; empty for what is none
 * @param deviceMajor a device's major number, else 0
 * @param deviceMinor a device's minor number, else 0
 */
public record FileEntry(
        String name,
        FileKind kind,
        int mode,
        long size,
        long uid,
        long gid,
        long links,
        Instant modified,
        Optional<String> target,
        long deviceMajor,
        long deviceMinor) {
    /** Whether it is a regular file. */
    public boolean isFile() {
        return kind == FileKind.FILE;
    }

    /** Whether it is a directory. */
    public boolean isDirectory() {
        return kind == FileKind.DIRECTORY;
    }

    FileEntry named(String other) {
        return new FileEntry(other, kind, mode, size, uid, gid, links, modified, target, deviceMajor, deviceMinor);
    }
}
