package vmette.process;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Removal of our own private directories. */
final class FileTrees {
    private FileTrees() {}

    /**
     * Removes a tree. Links are removed, never followed; another file system mounted inside is left alone and makes the
     * removal fail. What vanishes meanwhile is no error.
     */
    static void remove(Path root) throws IOException {
        try {
            remove(root, Files.getAttribute(root, "unix:dev", LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException gone) {
            return;
        }
    }

    private static void remove(Path path, Object device) throws IOException {
        try {
            if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                if (!device.equals(Files.getAttribute(path, "unix:dev", LinkOption.NOFOLLOW_LINKS))) {
                    throw new IOException("another file system is mounted on " + path);
                }
                removeChildren(path, device);
            }
            Files.deleteIfExists(path);
        } catch (NoSuchFileException gone) {
            return;
        }
    }

    private static void removeChildren(Path directory, Object device) throws IOException {
        try (DirectoryStream<Path> children = open(directory)) {
            for (Path child : children) {
                remove(child, device);
            }
        }
    }

    private static DirectoryStream<Path> open(Path directory) throws IOException {
        try {
            return Files.newDirectoryStream(directory);
        } catch (AccessDeniedException closed) {
            // An overlay's work directory has mode 000.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
            return Files.newDirectoryStream(directory);
        }
    }
}
