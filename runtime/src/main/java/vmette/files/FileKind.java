package vmette.files;

import java.util.Optional;

/** What a name in a guest stands for ({@code S_IFMT} of inode(7)). */
public enum FileKind {
    /** A regular file. */
    FILE(0100000),
    /** A directory. */
    DIRECTORY(0040000),
    /** A symbolic link. */
    SYMBOLIC_LINK(0120000),
    /** A named pipe. */
    PIPE(0010000),
    /** A socket. */
    SOCKET(0140000),
    /** A character device. */
    CHARACTER_DEVICE(0020000),
    /** A block device. */
    BLOCK_DEVICE(0060000);

    private static final int MASK = 0170000;

    private final int bits;

    FileKind(int bits) {
        this.bits = bits;
    }

    /** @param mode {@code st_mode} */
    static Optional<FileKind> of(int mode) {
        for (FileKind kind : values()) {
            if (kind.bits == (mode & MASK)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
