package vmette.errors;

import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CompletionException;

/** Says why something failed; the messages of the JDK's own failures are often only a path, or nothing. */
public final class Reasons {
    private Reasons() {}

    /** What a stage failed with, without what the JDK wraps it in for those that follow; null if it has not. */
    public static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** One line without a full stop. */
    public static String of(Exception failure) {
        if (failure instanceof NoSuchFileException missing) {
            return missing.getFile() + " is not there";
        }
        if (failure instanceof AccessDeniedException denied) {
            return "this user has no right to " + denied.getFile();
        }
        if (failure instanceof NotDirectoryException other) {
            return other.getFile() + " is no directory";
        }
        if (failure instanceof ConnectException && failure.getMessage() == null) {
            return failure.getCause() instanceof UnresolvedAddressException ? "no such host" : "connection refused";
        }
        boolean says = failure.getMessage() != null
                && !(failure instanceof FileSystemException system && system.getReason() == null);
        return says ? failure.getMessage() : failure.toString();
    }
}
