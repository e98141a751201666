package vmette.snapshot;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/** Directories whose names are nobody's: bundles that are being written or removed, or were when their process died. */
final class Leftovers {
    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
    private static final String GLOB = ".vmette-*";
    private static final Pattern NAME = Pattern.compile("\\.vmette-(new|old)-[0-9a-f]{16}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private Leftovers() {}

    /** A name for what is going to be a bundle. */
    static String beingWritten() {
        return name("new");
    }

    /** A name for what was a bundle. */
    static String beingRemoved() {
        return name("old");
    }

    static boolean isOne(Path directory) {
        return NAME.matcher(directory.getFileName().toString()).matches();
    }

    private static String name(String kind) {
        return ".vmette-" + kind + "-" + HexFormat.of().toHexDigits(RANDOM.nextLong());
    }

    /** Removes what processes of this user that died have left in a directory where nobody else can rename anything of his. */
    static void sweep(Path root) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(root, GLOB)) {
            all.forEach(found::add);
        } catch (IOException e) {
            LOG.warn("cannot look for what is left of snapshots in {}: {}", root, e.toString());
        }
        Collections.sort(found);
        for (Path each : found) {
            if (isOne(each)) {
                sweepOne(each);
            }
        }
    }

    private static void sweepOne(Path nobodys) {
        try {
            // In a directory that others write to as well it may be a trap of theirs.
            if (Ownership.notPrivate(nobodys).isPresent()) {
                return;
            }
            Optional<OwnedFd> lock = LockFile.tryLockDirectory(nobodys, true);
            if (lock.isPresent()) {
                try (OwnedFd held = lock.get()) {
                    // It may have got its name since.
                    if (Locks.isOf(held, nobodys)) {
                        Trees.remove(nobodys);
                    }
                }
            }
        } catch (LinuxException | IOException e) {
            LOG.debug("{} is not removed", nobodys, e);
        }
    }
}
