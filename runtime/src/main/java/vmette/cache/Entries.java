package vmette.cache;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/** Looks at files that may vanish meanwhile. */
final class Entries {
    private static final long MOST_NOTE = 1 << 16;

    private Entries() {}

    /** What is in a directory, by name; nothing where it is missing. */
    static SortedMap<String, Path> of(Path directory) throws IOException {
        SortedMap<String, Path> found = new TreeMap<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            paths.forEach(path -> found.put(path.getFileName().toString(), path));
        } catch (NoSuchFileException | NotDirectoryException none) {
            // Nothing has been kept here yet.
        }
        return found;
    }

    /** A file's bytes, or all below a directory. */
    static long size(Path path) throws IOException {
        try (Stream<Path> tree = Files.walk(path)) {
            long bytes = 0;
            for (Path each : tree.toList()) {
                bytes += Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS) ? Files.size(each) : 0;
            }
            return bytes;
        } catch (NoSuchFileException | UncheckedIOException gone) {
            return 0;
        }
    }

    static long size(List<Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files) {
            bytes += size(file);
        }
        return bytes;
    }

    /** The latest of their times; those that are missing have none. */
    static Instant modified(List<Path> files) throws IOException {
        Instant last = Instant.EPOCH;
        for (Path file : files) {
            try {
                Instant time = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS)
                        .toInstant();
                last = time.isAfter(last) ? time : last;
            } catch (NoSuchFileException gone) {
                // It counts no more.
            }
        }
        return last;
    }

    static Properties note(Path file) throws IOException {
        Properties note = new Properties();
        try {
            if (Files.isRegularFile(file) && Files.size(file) < MOST_NOTE) {
                note.load(new StringReader(Files.readString(file)));
            }
        } catch (NoSuchFileException | CharacterCodingException | IllegalArgumentException damaged) {
            note.clear();
        }
        return note;
    }

    /** Whether somebody has a lock on this file. Nobody can have one on a file that is not there. */
    static boolean isHeld(Path lock) {
        if (!Files.exists(lock)) {
            return false;
        }
        try {
            Optional<OwnedFd> alone = LockFile.tryLock(lock, true);
            alone.ifPresent(OwnedFd::close);
            return alone.isEmpty();
        } catch (LinuxException notOurs) {
            return true;
        }
    }
}
