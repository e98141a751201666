package vmette.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import vmette.linux.OpenFile;
import vmette.linux.OwnedFd;

/** Locks on directories whose names change. */
final class Locks {
    private Locks() {}

    /** Whether what is locked is what has that name now. */
    static boolean isOf(OwnedFd lock, Path directory) {
        try {
            return Files.isSameFile(OpenFile.path(lock), directory);
        } catch (IOException gone) {
            return false;
        }
    }
}
