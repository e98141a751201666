package vmette.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import vmette.errors.InvalidConfigException;

/** Files that the user named. */
final class UserFile {
    private UserFile() {}

    /** Refuses what cannot be read as a file; {@code what} and {@code option} go into the message. */
    static Path readable(String what, String option, Path file) {
        refuseMissing(what, option, file);
        if (Files.isDirectory(file)) {
            throw new InvalidConfigException(
                    "the " + what + " " + file + " is a directory: " + option + " takes a file");
        }
        if (!Files.isRegularFile(file)) {
            throw new InvalidConfigException(
                    "the " + what + " " + file + " is not a regular file: " + option + " takes one");
        }
        refuseUnreadable(what, file);
        return file;
    }

    /** Refuses what cannot be read as a directory. */
    static Path directory(String what, String option, Path directory) {
        refuseMissing(what, option, directory);
        if (!Files.isDirectory(directory)) {
            throw new InvalidConfigException(
                    "the " + what + " " + directory + " is not a directory: " + option + " takes one");
        }
        refuseUnreadable(what, directory);
        return directory;
    }

    /** What changes whenever the file does: where it is, which it is, how large, and when it was written. */
    static String identity(Path file) {
        try {
            Map<String, Object> attributes =
                    new TreeMap<>(Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime"));
            return file.toAbsolutePath().normalize() + " " + attributes;
        } catch (IOException e) {
            throw new InvalidConfigException("cannot look at " + file + ": " + e, e);
        }
    }

    static InvalidConfigException unreadable(String what, Path file, IOException cause) {
        return new InvalidConfigException("cannot read the " + what + " " + file + ": " + cause, cause);
    }

    private static void refuseMissing(String what, String option, Path file) {
        if (!Files.exists(file)) {
            throw new InvalidConfigException("the " + what + " " + file + " does not exist: check the path given with "
                    + option + " (vmette.vm." + option.substring(2) + ")");
        }
    }

    private static void refuseUnreadable(String what, Path file) {
        if (!Files.isReadable(file)) {
            throw new InvalidConfigException(
                    "the " + what + " " + file + " cannot be read by this user: change its mode");
        }
    }
}
