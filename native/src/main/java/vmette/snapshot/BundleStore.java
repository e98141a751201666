package vmette.snapshot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteIoException;
import vmette.linux.Errno;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/**
 * A directory of bundles, each under its name. Many processes may use one at a time. Every method blocks for what the file system takes.
 *
 * <p>Names that begin with a dot are nobody's: {@code .new-*} is being written, {@code .old-*} removed. Either has a lock while somebody
 * is at it; what has none is left over and goes with the next look.
 */
public final class BundleStore {
    static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private static final Logger LOG = LoggerFactory.getLogger(BundleStore.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern NOBODYS = Pattern.compile("\\.(new|old)-[0-9a-f]{16}");
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TRIES = 16;

    private final Path root;
    private final ToLongFunction<Path> room;

    private BundleStore(Path root, ToLongFunction<Path> room) {
        this.root = root;
        this.room = room;
    }

    /**
     * Makes the directory if there is none.
     *
     * @throws VmetteIoException if it cannot be made, is another user's, or is open to others
     */
    public static BundleStore open(Path root) {
        return open(root, Room::of);
    }

    /** @param room how much is left in a directory, in bytes */
    static BundleStore open(Path root, ToLongFunction<Path> room) {
        Path absolute = root.toAbsolutePath().normalize();
        try {
            if (!Files.isDirectory(absolute)) {
                Files.createDirectories(absolute, PRIVATE);
            }
            int owner = (int) Files.getAttribute(absolute, "unix:uid");
            int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(absolute);
            if (owner != self || !OWNER_ONLY.containsAll(mode)) {
                throw new VmetteIoException("the directory " + absolute + " of snapshots is of user " + owner
                        + " with mode " + PosixFilePermissions.toString(mode)
                        + ": whoever can write there decides what VMs do; it must be this user's own and closed to all"
                        + " others (chmod 700)");
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make the directory " + absolute + " for snapshots: " + Reasons.of(e), e);
        }
        return new BundleStore(absolute, room);
    }

    /** Where it is. */
    public Path root() {
        return root;
    }

    /**
     * Whether this can name a snapshot.
     *
     * @throws InvalidConfigException if not
     */
    public static void checkName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidConfigException("no snapshot can be called \""
                    + name.substring(0, Math.min(name.length(), 100)).replaceAll("[^ -~]", "?")
                    + "\": use 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first");
        }
    }

    private Path path(String name) {
        checkName(name);
        return root.resolve(name);
    }

    /** The names, sorted; those that cannot be restored are among them. Removes what is left over. */
    public List<String> names() {
        sweep();
        try (Stream<Path> found = Files.list(root)) {
            return found.filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))
                    .map(each -> each.getFileName().toString())
                    .filter(name -> NAME.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new VmetteIoException("cannot look for snapshots in " + root + ": " + Reasons.of(e), e);
        }
    }

    /**
     * The bundle of that name; of its files only the manifest is read.
     *
     * @throws RestoreFailedException if there is none, or it is refused
     */
    public Bundle open(String name) {
        Path directory = path(name);
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw missing(name);
        }
        return Bundle.open(directory);
    }

    private RestoreFailedException missing(String name) {
        return new RestoreFailedException(
                "there is no snapshot " + name + " in " + root + "; there are "
                        + Optional.of(String.join(", ", names()))
                                .filter(text -> !text.isEmpty())
                                .orElse("none"),
                null);
    }

    /**
     * Keeps a bundle from being removed, by whatever process.
     *
     * @return owned by the caller; given up by closing it, or with this process
     * @throws RestoreFailedException if there is no such bundle, or it is just being removed
     */
    public OwnedFd hold(String name) {
        Path directory = path(name);
        try {
            Optional<OwnedFd> lock = LockFile.tryLockDirectory(directory, false);
            if (lock.isPresent() && Locks.isOf(lock.get(), directory)) {
                return lock.get();
            }
            lock.ifPresent(OwnedFd::close);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw new RestoreFailedException(
                        "the snapshot " + directory + " cannot be locked: " + e.getMessage(), e);
            }
        }
        throw missing(name);
    }

    /**
     * Removes a bundle, whatever state it is in.
     *
     * @return false: there is none of that name
     * @throws VmetteIoException if somebody holds it, or it cannot be removed
     */
    public boolean remove(String name) {
        Path directory = path(name);
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Path aside = root.resolve(nobodys(".old-"));
        try {
            Optional<OwnedFd> lock = LockFile.tryLockDirectory(directory, true);
            if (lock.isEmpty()) {
                throw new VmetteIoException("the snapshot " + name
                        + " is in use: a VM is being restored from it, or runs on" + " its memory; end that first");
            }
            try (OwnedFd held = lock.get()) {
                if (!Locks.isOf(held, directory)) {
                    return false;
                }
                // From here on it is nobody's, whatever becomes of this process.
                Files.move(directory, aside, StandardCopyOption.ATOMIC_MOVE);
                sync(root);
                Trees.remove(aside);
            }
            return true;
        } catch (NoSuchFileException gone) {
            return false;
        } catch (LinuxException | IOException e) {
            throw new VmetteIoException("cannot remove the snapshot " + directory + ": " + Reasons.of(e), e);
        }
    }

    /**
     * Begins a bundle. Nothing can be seen of it before {@link BundleWriter#commit}.
     *
     * @param bytes how much room it is going to need at most
     * @throws InvalidConfigException if that is no name
     * @throws SaveFailedException if there is one of that name, or not enough room, or the directory cannot be made
     */
    public BundleWriter begin(String name, long bytes) {
        Path finished = path(name);
        sweep();
        if (Files.exists(finished, LinkOption.NOFOLLOW_LINKS)) {
            throw taken(name);
        }
        requireRoom(name, bytes);
        try {
            for (int i = 0; i < TRIES; i++) {
                Path unfinished = Files.createDirectory(root.resolve(nobodys(".new-")), PRIVATE);
                Optional<OwnedFd> lock = LockFile.tryLockDirectory(unfinished, true);
                // A sweep of another process may have come between.
                if (lock.isPresent() && Locks.isOf(lock.get(), unfinished)) {
                    return new BundleWriter(this, name, unfinished, finished, lock.get());
                }
                lock.ifPresent(OwnedFd::close);
            }
        } catch (NoSuchFileException | LinuxException swept) {
            LOG.debug("a directory that was just made is gone", swept);
        } catch (IOException e) {
            throw new SaveFailedException("cannot begin the snapshot " + finished + ": " + Reasons.of(e), e);
        }
        throw new SaveFailedException(
                "cannot begin the snapshot " + finished + ": its directory goes as soon as it is made", null);
    }

    void requireRoom(String name, long bytes) {
        long left = room.applyAsLong(root);
        if (left < bytes) {
            throw new SaveFailedException(
                    "the snapshot " + name + " needs " + Room.mib(bytes) + " MiB, and " + root + " has room for "
                            + Room.mib(left) + ": remove snapshots that are not needed, or free space there",
                    null);
        }
    }

    static SaveFailedException taken(String name) {
        return new SaveFailedException(
                "there is a snapshot " + name + " already: remove it first, or give this one another name", null);
    }

    private static String nobodys(String prefix) {
        return prefix + HexFormat.of().toHexDigits(RANDOM.nextLong());
    }

    /** Removes what processes that died have left. */
    void sweep() {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(root, ".*")) {
            all.forEach(found::add);
        } catch (IOException e) {
            LOG.warn("cannot look for what is left of snapshots in {}: {}", root, e.toString());
        }
        Collections.sort(found);
        for (Path each : found) {
            if (NOBODYS.matcher(each.getFileName().toString()).matches()) {
                sweep(each);
            }
        }
    }

    private static void sweep(Path nobodys) {
        try {
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

    static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory)) {
            channel.force(true);
        }
    }
}
