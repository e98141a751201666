package vmette.rootfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;

/**
 * A sparse file with an empty ext4 file system, for one incarnation of a VM. Its name goes as soon as the monitor has it open, and its
 * room with the monitor; one whose owner died before that is removed by the next runtime, or when the next is made.
 */
public final class ScratchDisk implements AutoCloseable {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> PRIVATE_DIRECTORY = PosixFilePermissions.fromString("rwx------");

    // Those of this JVM that are locked. A sweep must not so much as open them: a process's locks on a file end
    // with the first of its descriptors that is closed, see fcntl(2).
    private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

    private final Path file;
    // On the first byte only, which the monitor's own locks leave alone. Proves that the owner lives.
    private final FileChannel owner;
    private final Journal journal;

    private ScratchDisk(Path file, FileChannel owner, Journal journal) {
        this.file = file;
        this.owner = owner;
        this.journal = journal;
    }

    /**
     * Makes one. Blocks for the few ms that formatting takes.
     *
     * @param directory where; made if it does not exist; on a real disk, not in memory
     * @param mib its size
     * @param journal of the runtime it is for
     * @throws VmetteException if it cannot be made
     */
    public static ScratchDisk create(Path directory, long mib, Journal journal) {
        Ext4.require();
        try {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE_DIRECTORY));
            // The journal is read by a process with another working directory.
            Path absolute = directory.toAbsolutePath();
            sweep(absolute);
            ScratchDisk made = open(absolute, journal);
            try {
                made.owner.write(ByteBuffer.allocate(1), (mib << 20) - 1);
                Ext4.format(made.file, made.owner);
                return made;
            } catch (IOException | RuntimeException e) {
                try {
                    made.close();
                } catch (VmetteIoException left) {
                    e.addSuppressed(left);
                }
                throw e;
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make a scratch disk of " + mib + " MiB in " + directory + ": " + e.getMessage()
                            + "; ask for less, free space there, or set vmette.cache-dir to a directory that has it",
                    e);
        }
    }

    /**
     * Puts an empty file system onto a file of zeroes. Blocks.
     *
     * @throws VmetteException if it cannot
     */
    public static void format(Path zeroes) {
        Ext4.require();
        try (FileChannel open = FileChannel.open(zeroes)) {
            Ext4.format(zeroes, open);
        } catch (IOException e) {
            throw new VmetteIoException("cannot format the scratch disk " + zeroes + ": " + e.getMessage(), e);
        }
    }

    /** Makes the directory of scratch disks, private, if there is none. */
    public static Path directory(Path wanted) {
        try {
            return Files.createDirectories(wanted, PosixFilePermissions.asFileAttribute(PRIVATE_DIRECTORY));
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make " + wanted + " for scratch disks: " + e.getMessage()
                            + "; set vmette.cache-dir to a directory of yours",
                    e);
        }
    }

    private static ScratchDisk open(Path directory, Journal journal) throws IOException {
        for (; ; ) {
            Path file = directory.resolve(UUID.randomUUID() + ".ext4");
            OURS.add(file);
            journal.append(new JournalRecord.FileMade(file.toString()));
            try {
                FileChannel channel = FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ),
                        PosixFilePermissions.asFileAttribute(PRIVATE));
                // Another process that sweeps may have been faster.
                if (channel.tryLock(0, 1, false) != null && Files.exists(file)) {
                    return new ScratchDisk(file, channel, journal);
                }
                channel.close();
            } catch (IOException e) {
                OURS.remove(file);
                journal.append(new JournalRecord.FileGone(file.toString()));
                throw e;
            }
            OURS.remove(file);
            journal.append(new JournalRecord.FileGone(file.toString()));
        }
    }

    private static void sweep(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.ext4")) {
            for (Path file : files) {
                if (OURS.contains(file)) {
                    continue;
                }
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                        FileLock lock = channel.tryLock(0, 1, false)) {
                    if (lock != null) {
                        Files.deleteIfExists(file);
                    }
                } catch (NoSuchFileException gone) {
                    // Another one sweeps too, or its monitor has it.
                }
            }
        }
    }

    /** Where it is, until {@link #taken}. */
    public Path file() {
        return file;
    }

    /** The monitor has it open: its name goes, and the room with the monitor. Idempotent. */
    public void taken() {
        close();
    }

    @Override
    public void close() {
        try (owner) {
            Files.deleteIfExists(file);
            journal.append(new JournalRecord.FileGone(file.toString()));
        } catch (IOException e) {
            throw new VmetteIoException("cannot remove the scratch disk " + file + ": " + e.getMessage(), e);
        } finally {
            OURS.remove(file);
        }
    }
}
