package vmette.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes the directories of dead runtimes; safe beside others that start, run and sweep. */
final class DirectorySweep {
    static final String LOCK = "lock";
    static final String OWNER = "owner";
    static final Pattern FINISHED = Pattern.compile("[0-9]+-[0-9a-f]{16}");
    static final Pattern UNFINISHED = Pattern.compile("\\.new-[0-9a-f]{16}");

    private static final Logger log = LoggerFactory.getLogger(DirectorySweep.class);
    private static final Duration UNFINISHED_AGE = Duration.ofHours(1);

    private final Path parent;
    private final String self;
    private final long uid;

    /** @param self what {@link #OWNER} says in directories of this very JVM */
    DirectorySweep(Path parent, String self, long uid) {
        this.parent = parent;
        this.self = self;
        this.uid = uid;
    }

    void run() {
        try (DirectoryStream<Path> siblings = Files.newDirectoryStream(parent)) {
            for (Path sibling : siblings) {
                sweep(sibling);
            }
        } catch (IOException e) {
            log.warn("cannot look for leftovers in {}: {}", parent, e.toString());
        }
    }

    private void sweep(Path directory) {
        String name = directory.getFileName().toString();
        try {
            boolean finished = FINISHED.matcher(name).matches();
            if (!(finished || UNFINISHED.matcher(name).matches())
                    || !Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                    || RuntimeBase.owner(directory) != uid) {
                return;
            }
            if (finished ? isDead(directory) : isOld(directory)) {
                FileTrees.remove(directory);
                log.info("removed {}, left by a runtime that died", directory);
            }
        } catch (NoSuchFileException gone) {
            return;
        } catch (IOException e) {
            log.warn("cannot remove {}, left by a runtime that died: {}", directory, e.toString());
        }
    }

    // The lock may be let go before the removal: the name is never used again.
    private boolean isDead(Path directory) throws IOException {
        // Closing any descriptor of a file drops the locks this process has on it (fcntl(2)), so that our own lock
        // file, and that of another copy of this class in the same JVM, must not even be opened.
        if (self.equals(readOwner(directory))) {
            return false;
        }
        try (FileChannel channel =
                        FileChannel.open(directory.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            return lock != null;
        } catch (OverlappingFileLockException otherSweepHere) {
            return false;
        } catch (NoSuchFileException halfRemoved) {
            // A living runtime's directory has its lock from the moment it can be seen under this name.
            return true;
        }
    }

    private static String readOwner(Path directory) throws IOException {
        try {
            return Files.readString(directory.resolve(OWNER));
        } catch (NoSuchFileException halfRemoved) {
            return "";
        }
    }

    private static boolean isOld(Path directory) throws IOException {
        Instant touched =
                Files.getLastModifiedTime(directory, LinkOption.NOFOLLOW_LINKS).toInstant();
        return touched.isBefore(Instant.now().minus(UNFINISHED_AGE));
    }
}
