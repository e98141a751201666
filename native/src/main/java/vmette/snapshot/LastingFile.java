package vmette.snapshot;

import java.io.IOException;
import java.nio.file.Path;

/** A file that a machine is made from, such as a kernel: what it was then can be told later, and is read only then. Thread-safe. */
public final class LastingFile {
    private final Path file;
    private final Path real;
    private final FileStamp stamp;

    private LastingFile(Path file, Path real, FileStamp stamp) {
        this.file = file;
        this.real = real;
        this.stamp = stamp;
    }

    /** Looks at its inode, size and times; reads nothing. To be called before it is used. */
    public static LastingFile of(Path file) throws IOException {
        Path real = file.toRealPath();
        return new LastingFile(file, real, FileStamp.of(real));
    }

    /**
     * SHA-256 of what it was, in small hexadecimal digits. Blocks: reads all of it, once in a process.
     *
     * @throws IOException if it has been changed since, or cannot be read
     */
    public String sha256() throws IOException {
        String digest = Sha256.ofLasting(real);
        requireUnchanged();
        return digest;
    }

    /**
     * Looks again.
     *
     * @throws IOException if it has been changed since, or is gone
     */
    public void requireUnchanged() throws IOException {
        // Where it was a link there may be another now; what has been used is what it led to.
        if (!FileStamp.of(real).equals(stamp)) {
            throw new IOException(file + " was changed after the VM had been started from it");
        }
    }
}
