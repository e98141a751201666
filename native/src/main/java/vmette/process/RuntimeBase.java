package vmette.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;

/** Chooses and makes the directory in which all runtimes of one user have theirs. */
final class RuntimeBase {
    static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    static final String SETTING = "vmette.runtime-dir";

    /** A Unix socket's path holds 107 bytes and a NUL: {@code sun_path} of unix(7). */
    static final int SOCKET_PATH_BYTES = 107;

    private static final int NAMES_TRIED = 10;
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 022;

    private final Map<String, String> environment;
    private final Path fallback;
    private final long uid;
    private final int bytesBelow;

    /** @param bytesBelow length of the longest socket path under the directory to be chosen, its leading slash included */
    RuntimeBase(Map<String, String> environment, Path fallback, long uid, int bytesBelow) {
        this.environment = environment;
        this.fallback = fallback;
        this.uid = uid;
        this.bytesBelow = bytesBelow;
    }

    /** The directory {@code <base>/vmette-<uid>}, made if need be: ours, and writable by nobody else. */
    Path choose(String setting) {
        if (!setting.isEmpty()) {
            try {
                return prepare(Path.of(setting).toAbsolutePath());
            } catch (IOException | InvalidPathException e) {
                throw new InvalidConfigException(
                        SETTING + " = \"" + setting + "\" cannot be used: " + Reasons.of(e)
                                + "; name an existing directory with a short path that only you or root can write to",
                        e);
            }
        }
        String sessionDirectory = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (sessionDirectory.startsWith("/")) {
            try {
                return prepare(Path.of(sessionDirectory));
            } catch (IOException | InvalidPathException unusable) {
                // A login's leftover variable, as after su: what follows is as good.
            }
        }
        try {
            return prepare(fallback);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "no place for sockets and temporary files: " + e.getMessage() + "; set " + SETTING
                            + " to a directory of yours",
                    e);
        }
    }

    private Path prepare(Path base) throws IOException {
        Path real = base.toRealPath();
        checkBase(real);
        for (int i = 0; i < NAMES_TRIED; i++) {
            Path candidate = real.resolve("vmette-" + uid + (i == 0 ? "" : "-" + i));
            int longest = candidate.toString().getBytes(StandardCharsets.UTF_8).length + bytesBelow;
            if (longest > SOCKET_PATH_BYTES) {
                throw new IOException("socket paths under " + real + " would have " + longest
                        + " bytes, the system allows " + SOCKET_PATH_BYTES);
            }
            try {
                Files.createDirectory(candidate, PRIVATE);
            } catch (FileAlreadyExistsException present) {
                // Judged below like one just made.
            }
            if (isOurs(candidate)) {
                return candidate;
            }
        }
        throw new IOException("every directory " + real.resolve("vmette-" + uid + "[-N]")
                + " belongs to somebody else or can be written to by others");
    }

    private void checkBase(Path base) throws IOException {
        if (!Files.isDirectory(base)) {
            throw new IOException(base + " is no directory");
        }
        int mode = mode(base);
        if ((mode & WRITABLE_BY_OTHERS) != 0 && (mode & STICKY) == 0) {
            throw new IOException(base + " can be written to by others and is not sticky");
        }
        long owner = owner(base);
        if (owner != uid && owner != 0) {
            throw new IOException(base + " belongs to user " + owner);
        }
    }

    // Another user may have made the name first, as a directory of his or as a link.
    private boolean isOurs(Path directory) throws IOException {
        return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                && owner(directory) == uid
                && (mode(directory) & WRITABLE_BY_OTHERS) == 0;
    }

    static long owner(Path file) throws IOException {
        return ((Integer) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)) & 0xffffffffL;
    }

    private static int mode(Path file) throws IOException {
        return (Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    }

    /** The effective user of this JVM. */
    static long effectiveUser() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("Uid:")) {
                    return Long.parseLong(line.trim().split("\\s+", -1)[2]);
                }
            }
        } catch (IOException | NumberFormatException e) {
            throw new VmetteIoException("cannot read /proc/self/status: mount /proc", e);
        }
        throw new VmetteIoException("/proc/self/status names no user: mount /proc");
    }
}
