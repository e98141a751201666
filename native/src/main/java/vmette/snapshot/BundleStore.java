package vmette.snapshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
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
 * A directory of bundles, each under its name, or any directory with one bundle in it that a user has named by its path. Many processes may use
 * one at a time. Every method blocks for what the file system takes.
 *
 * <p>Some names are nobody's: {@code .vmette-new-*} is being written, {@code .vmette-old-*} removed. Either has a lock while somebody
 * is at it; what has none is left over and goes with the next look.
 */
public final class BundleStore {
    static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private static final Logger LOG = LoggerFactory.getLogger(BundleStore.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final int TRIES = 16;

    private final Path root;
    private final ToLongFunction<Path> room;
    /** The name of the one bundle, where it is not a directory of bundles. */
    private final Optional<String> only;

    private BundleStore(Path root, ToLongFunction<Path> room, Optional<String> only) {
        this.root = root;
        this.room = room;
        this.only = only;
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
            Optional<String> open = Ownership.notPrivate(absolute.toRealPath());
            if (open.isPresent()) {
                throw new VmetteIoException("the directory " + absolute + " of snapshots " + open.get()
                        + ": whoever can write there decides what VMs do; it must be this user's own and closed to all"
                        + " others (chmod 700)");
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make the directory " + absolute + " for snapshots: " + Reasons.of(e), e);
        }
        return new BundleStore(absolute, room, Optional.empty());
    }

    /**
     * What is around a bundle that a user has named by its path: no other bundle is in it, and its name is the path's last. It need not exist;
     * a directory where others could put something else in the bundle's place is refused when it is used.
     *
     * @throws InvalidConfigException if the path can name no directory
     */
    public static BundleStore around(Path bundle) {
        Path absolute = bundle.toAbsolutePath().normalize();
        if (absolute.getFileName() == null || bundle.toString().isBlank()) {
            throw new InvalidConfigException("'" + bundle + "' can be no snapshot: give the path of a directory");
        }
        Path root = absolute.getParent();
        try {
            // What is looked at has to be what is used.
            root = root.toRealPath();
        } catch (IOException missing) {
            LOG.debug("{} cannot be looked at", root, missing);
        }
        return new BundleStore(
                root, Room::of, Optional.of(absolute.getFileName().toString()));
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
                    + Texts.shown(name)
                    + "\": use 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first");
        }
    }

    private Path path(String name) {
        if (only.isEmpty()) {
            checkName(name);
        } else if (!only.get().equals(name)) {
            throw new InvalidConfigException("nothing but " + only.get() + " is looked for in " + root);
        }
        return root.resolve(name);
    }

    /** Why nothing here can be trusted, if it is so. A directory of bundles has been looked at when it was opened. */
    private Optional<String> unsafe() {
        return only.isEmpty() ? Optional.empty() : Ownership.unsafeAround(root);
    }

    /** The names, sorted; those that cannot be restored are among them. Removes what is left over. */
    public List<String> names() {
        if (only.isPresent()) {
            return Files.isDirectory(root.resolve(only.get()), LinkOption.NOFOLLOW_LINKS)
                    ? List.of(only.get())
                    : List.of();
        }
        Leftovers.sweep(root);
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
        unsafe().ifPresent(why -> {
            throw new RestoreFailedException("the snapshot " + directory + " cannot be restored: " + why, null);
        });
        return Bundle.open(directory);
    }

    /** What is to be said of a name that is none, and of those that there are. */
    public RestoreFailedException missing(String name) {
        if (only.isPresent()) {
            return new RestoreFailedException(
                    "there is no snapshot " + root.resolve(name) + ": it is no directory"
                            + (Files.isSymbolicLink(root.resolve(name)) ? ", but a link to something" : ""),
                    null);
        }
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
     * Removes a bundle, whatever state it is in, unless there is something in it that is in none.
     *
     * @return false: there is none of that name
     * @throws VmetteIoException if somebody holds it, or it cannot be removed
     */
    public boolean remove(String name) {
        Path directory = path(name);
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Path aside = root.resolve(Leftovers.beingRemoved());
        requireBundle(directory);
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

    /** Whoever names a directory by its path may name any, and whoever says where all are may name one that has other things in it. */
    private void requireBundle(Path directory) {
        try {
            Optional<String> other =
                    only.isPresent() ? unsafe().or(() -> Bundle.unlike(directory)) : Bundle.stranger(directory);
            other.ifPresent(why -> {
                throw new VmetteIoException(directory + " is left as it is: " + why);
            });
        } catch (UncheckedIOException e) {
            throw new VmetteIoException("cannot remove the snapshot " + directory + ": " + Reasons.of(e.getCause()), e);
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
        unsafe().ifPresent(why -> {
            throw new SaveFailedException("cannot begin the snapshot " + finished + ": " + why, null);
        });
        Leftovers.sweep(root);
        if (Files.exists(finished, LinkOption.NOFOLLOW_LINKS)) {
            throw taken(name);
        }
        return begin("the snapshot " + name, Optional.of(finished), bytes);
    }

    /**
     * Begins a bundle that never gets a name: only who knows its path finds it, and it goes with the last lock on it, at the next {@link #sweep}. It need not be on disk:
     * it is of use to this process only.
     *
     * @throws SaveFailedException as {@link #begin(String, long)}
     */
    public BundleWriter beginUnnamed(long bytes) {
        Leftovers.sweep(root);
        return begin("a snapshot", Optional.empty(), bytes);
    }

    /** Removes what is nobody's any more in a directory of bundles. */
    public static void sweep(Path root) {
        Leftovers.sweep(root);
    }

    private BundleWriter begin(String what, Optional<Path> finished, long bytes) {
        requireRoom(what, bytes);
        for (int i = 0; i < TRIES; i++) {
            try {
                Path unfinished = Files.createDirectory(root.resolve(Leftovers.beingWritten()), PRIVATE);
                // One without a name is restored from while this process keeps it, so that its lock is shared.
                Optional<OwnedFd> lock = LockFile.tryLockDirectory(unfinished, finished.isPresent());
                // A sweep of another process may have come between.
                if (lock.isPresent() && Locks.isOf(lock.get(), unfinished)) {
                    return new BundleWriter(this, unfinished, finished, lock.get());
                }
                lock.ifPresent(OwnedFd::close);
            } catch (LinuxException e) {
                if (e.errno() != Errno.ENOENT) {
                    throw new SaveFailedException("cannot begin " + what + " in " + root + ": " + e.getMessage(), e);
                }
                LOG.debug("a directory that was just made is gone", e);
            } catch (IOException e) {
                throw new SaveFailedException("cannot begin " + what + " in " + root + ": " + Reasons.of(e), e);
            }
        }
        throw new SaveFailedException(
                "cannot begin " + what + " in " + root + ": its directory goes as soon as it is made", null);
    }

    void requireRoom(String what, long bytes) {
        long left = room.applyAsLong(root);
        if (left < bytes) {
            throw new SaveFailedException(
                    what + " needs " + Room.mib(bytes) + " MiB, and " + root + " has room for " + Room.mib(left)
                            + ": remove snapshots that are not needed, or free space there",
                    null);
        }
    }

    SaveFailedException taken(String name) {
        String what = only.isEmpty() ? "a snapshot " + name : "something called " + root.resolve(name);
        return new SaveFailedException(
                "there is " + what + " already: remove it first, or give this one another name", null);
    }

    static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory)) {
            channel.force(true);
        }
    }
}
