package vmette.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;

/** How much a file system still takes. */
final class Room {
    private Room() {}

    /** In bytes. */
    static long of(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException e) {
            throw new VmetteIoException("cannot tell how much room " + directory + " has: " + Reasons.of(e), e);
        }
    }

    static long mib(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
