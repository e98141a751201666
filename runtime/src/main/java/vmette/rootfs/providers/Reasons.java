package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Says why something failed; the messages of the JDK's own failures are often only a path. */
final class Reasons {
    private Reasons() {}

    static String of(Exception failure) {
        Throwable first = failure;
        while (first instanceof Unpacking.SourceException && first.getCause() instanceof IOException cause) {
            first = cause;
        }
        if (first instanceof NoSuchFileException missing) {
            return missing.getFile() + " is not there";
        }
        if (first instanceof AccessDeniedException denied) {
            return denied.getFile() + " may not be read or written by this user";
        }
        boolean says = first.getMessage() != null
                && !(first instanceof FileSystemException system && system.getReason() == null);
        return says ? first.getMessage() : first.toString();
    }
}
