package vmette.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.Reasons;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;
import vmette.journal.MadeFile;
import vmette.linux.FileExtents;
import vmette.linux.LinuxException;
import vmette.linux.OpenFile;
import vmette.linux.OwnedFd;

/**
 * The memory of a VM that may be saved: a sparse file on a tmpfs, for one incarnation. Its name goes as soon as the monitor has it open, and the
 * memory with the last that has it: what dies suddenly leaves at most a name, which the journal tells. It is in a directory of its own, since QEMU makes the
 * file anew, readable by all, where it finds none: one that is being ended as it starts would leave that behind.
 *
 * <p>A tmpfs that is full is SIGBUS for whoever touches a new page. So one is made only where all that were promised to this process's VMs
 * finds room.
 */
public final class MemoryFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryFile.class);
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String TMPFS = "tmpfs";

    // Under the lock of this class: what may still grow.
    private static final Set<MemoryFile> LIVING = ConcurrentHashMap.newKeySet();

    private final Path place;
    private final Path file;
    private final long bytes;
    private final FileChannel channel;
    // For what has no name any more.
    private final OwnedFd fd;
    private final Journal journal;
    private boolean named = true;

    private MemoryFile(Path place, Path file, long bytes, FileChannel channel, OwnedFd fd, Journal journal) {
        this.place = place;
        this.file = file;
        this.bytes = bytes;
        this.channel = channel;
        this.fd = fd;
        this.journal = journal;
    }

    /**
     * Makes one, all zeroes.
     *
     * @param vm for messages
     * @param preferred a directory, taken if it is on a tmpfs with room; else it is {@code /dev/shm}
     * @param bytes at least 1
     * @throws StartFailedException if no tmpfs has room for it
     */
    public static MemoryFile create(String vm, Path preferred, long bytes, Journal journal) {
        return create(vm, List.of(preferred, SHARED_MEMORY), bytes, journal, Room::of);
    }

    static synchronized MemoryFile create(
            String vm, List<Path> places, long bytes, Journal journal, ToLongFunction<Path> room) {
        List<String> refused = new ArrayList<>();
        for (Path place : places) {
            if (!isTmpfs(place)) {
                refused.add(place + " is no tmpfs");
                continue;
            }
            long left = room.applyAsLong(place) - promised(place);
            if (left < bytes) {
                refused.add(place + " has " + Room.mib(Math.max(0, left)) + " MiB left");
                continue;
            }
            return create(place, bytes, journal);
        }
        throw new StartFailedException("VM " + vm + ": there is no room for its " + Room.mib(bytes)
                + " MiB of memory, which a VM that can be saved has in a tmpfs: " + String.join(", ", refused)
                + "; make one larger (mount -o remount,size=...), give the VM less, or end others");
    }

    private static boolean isTmpfs(Path place) {
        try {
            return Files.isDirectory(place) && Files.getFileStore(place).type().equals(TMPFS);
        } catch (IOException e) {
            LOG.debug("{} cannot be examined", place, e);
            return false;
        }
    }

    /** What files in the same file system may still take. */
    private static long promised(Path place) {
        return LIVING.stream()
                .filter(each -> sameStore(each.place, place))
                .mapToLong(MemoryFile::unused)
                .sum();
    }

    private static boolean sameStore(Path one, Path other) {
        try {
            return Files.getAttribute(one, "unix:dev").equals(Files.getAttribute(other, "unix:dev"));
        } catch (IOException gone) {
            return true;
        }
    }

    private long unused() {
        try {
            return Math.max(0, bytes - FileExtents.allocated(reachable()));
        } catch (LinuxException | IllegalStateException closedMeanwhile) {
            return 0;
        }
    }

    private static MemoryFile create(Path place, long bytes, Journal journal) {
        Path directory = place.resolve("vmette-" + UUID.randomUUID() + MadeFile.DIRECTORY)
                .toAbsolutePath();
        Path file = directory.resolve(MadeFile.INSIDE);
        journal.append(new JournalRecord.FileMade(directory.toString()));
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                channel.write(ByteBuffer.allocate(1), bytes - 1);
                MemoryFile made = new MemoryFile(place, file, bytes, channel, OpenFile.read(file), journal);
                LIVING.add(made);
                return made;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException | LinuxException e) {
            remove(directory, journal);
            throw new VmetteIoException("cannot make the memory file " + file + ": " + Reasons.of(e), e);
        }
    }

    /** Where the monitor finds it, until {@link #taken}. */
    public Path file() {
        return file;
    }

    /** How much of it was ever written to, in bytes. */
    public long allocated() {
        return FileExtents.allocated(reachable());
    }

    /** The monitor has it open: its name goes. Idempotent. */
    public synchronized void taken() {
        if (!named) {
            return;
        }
        named = false;
        remove(file.getParent(), journal);
    }

    private static void remove(Path directory, Journal journal) {
        try {
            MadeFile.remove(directory);
            journal.append(new JournalRecord.FileGone(directory.toString()));
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}; the next runtime will", directory, e.toString());
        }
    }

    /** Fills it with a bundle's memory, which is checked on the way; see {@link Bundle#copyMemory}. */
    public void fill(Bundle bundle) {
        bundle.copyMemory(channel);
    }

    /** Writes it into a bundle. Nobody may write to it meanwhile. */
    public void save(BundleWriter writer) {
        writer.memory(reachable());
    }

    /** It has no name, but this process has it open. */
    private Path reachable() {
        return OpenFile.path(fd);
    }

    /** Lets go of it, name and all. The memory goes with the last that has it. Idempotent. */
    @Override
    public void close() {
        taken();
        LIVING.remove(this);
        fd.close();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing {}", file, e);
        }
    }
}
