package vmette.snapshot;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.linux.HardLink;
import vmette.linux.LinuxException;
import vmette.linux.OpenFile;
import vmette.linux.OwnedFd;

/**
 * A bundle in the making. State and memory are written while the VM stands still, disks as soon as nobody writes to them, the rest afterwards. Not thread-safe; every method
 * blocks, and throws {@link SaveFailedException} with what the file system said.
 */
public final class BundleWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BundleWriter.class);
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final int CHUNK = 64 << 10;

    private final BundleStore store;
    private final Path unfinished;
    private final Optional<Path> finished;
    private final OwnedFd lock;
    private final List<DiskFile> disks = new ArrayList<>();
    private Optional<StateFile> state = Optional.empty();
    private Optional<ChunkSums> memory = Optional.empty();
    private Instant takenAt = Instant.EPOCH;
    private boolean closed;

    /** @param finished where it is to be; empty: it stays where it is written */
    BundleWriter(BundleStore store, Path unfinished, Optional<Path> finished, OwnedFd lock) {
        this.store = store;
        this.unfinished = unfinished;
        this.finished = finished;
        this.lock = lock;
    }

    /** What keeps a bundle without a name from being removed: of who has finished it. */
    public OwnedFd lock() {
        return lock;
    }

    /** Takes the monitor's state to its end; at most {@link StateFile#MAX_BYTES}. */
    public void state(InputStream from) {
        MessageDigest digest = Sha256.create();
        byte[] chunk = new byte[CHUNK];
        long bytes = 0;
        try (FileChannel to = create(unfinished.resolve(Bundle.STATE));
                OutputStream out = Channels.newOutputStream(to)) {
            for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
                bytes += n;
                if (bytes > StateFile.MAX_BYTES) {
                    throw new IOException(
                            "the monitor's state is larger than " + Room.mib(StateFile.MAX_BYTES) + " MiB");
                }
                digest.update(chunk, 0, n);
                out.write(chunk, 0, n);
            }
            if (bytes == 0) {
                throw new IOException("the monitor told no state");
            }
        } catch (IOException e) {
            throw failure(e);
        }
        state = Optional.of(new StateFile(bytes, Sha256.text(digest)));
    }

    /** Copies the memory of the guest, which stands still. */
    public void memory(Path from) {
        // The guest stands still.
        takenAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        memory = Optional.of(copy(from, unfinished.resolve(Bundle.MEMORY)));
    }

    /**
     * Puts in a disk's file that nobody writes to any more, above those of the same device that are in already: by a hard link if it is on the same file system and still has a name,
     * else as a copy.
     *
     * @param name see {@link DiskFile#name}
     * @param device see {@link DiskFile#device}
     * @param format see {@link DiskFile#format}
     * @param from open for reading
     * @param known its sums, if somebody knows them: then it is not read again
     * @return its sums
     */
    public ChunkSums disk(String name, String device, String format, OwnedFd from, Optional<ChunkSums> known) {
        // The name is checked before it names a file.
        DiskFile empty = new DiskFile(name, device, format, new ChunkSums.Builder(0).build());
        Path file = disks().resolve(empty.name());
        ChunkSums sums;
        if (link(from, file)) {
            sums = known.isPresent() ? known.get() : sums(file);
        } else {
            sums = copy(OpenFile.path(from), file);
        }
        disks.add(new DiskFile(name, device, format, sums));
        return sums;
    }

    /** Whether a file can be put in without being copied, as things are. */
    public boolean takesLink(OwnedFd from) {
        Path probe = disks().resolve(".probe");
        if (!link(from, probe)) {
            return false;
        }
        try {
            Files.delete(probe);
            return true;
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private static boolean link(OwnedFd from, Path file) {
        try {
            HardLink.make(from, file);
            return true;
        } catch (LinuxException e) {
            LOG.debug("{} is copied", file, e);
            return false;
        }
    }

    private ChunkSums sums(Path file) {
        try {
            return SparseFiles.sums(file);
        } catch (IOException | LinuxException e) {
            throw failure(e);
        }
    }

    /**
     * Refuses a bundle that is going to be larger than was told at its beginning.
     *
     * @param bytes how much room it takes at most, what is written already left out
     */
    public void requireRoom(long bytes) {
        store.requireRoom("the snapshot " + place().getFileName(), bytes);
    }

    private Path disks() {
        Path directory = unfinished.resolve(Bundle.DISKS);
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory, BundleStore.PRIVATE);
            }
            return directory;
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private ChunkSums copy(Path from, Path file) {
        try (FileChannel to = create(file)) {
            return SparseFiles.copy(from, to);
        } catch (IOException | LinuxException e) {
            throw failure(e);
        }
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), PRIVATE_FILE);
    }

    /**
     * Writes the manifest, sees to it that all is on disk, and gives the bundle its name. The VM may run meanwhile.
     *
     * @param machine what the VM is
     */
    public Bundle commit(MachineIdentity machine) {
        try {
            Manifest manifest = new Manifest(
                    takenAt,
                    machine,
                    state.orElseThrow(() -> new IllegalStateException("no state was written")),
                    memory.orElseThrow(() -> new IllegalStateException("no memory was written")),
                    disks);
            byte[] text = ManifestCodec.encode(manifest);
            if (text.length > ManifestCodec.MAX_BYTES) {
                throw new IOException("its manifest would have " + text.length + " bytes, more than can be read");
            }
            // A bundle has this directory whether or not there is a disk in it.
            disks();
            try (FileChannel to = create(unfinished.resolve(Bundle.MANIFEST));
                    OutputStream out = Channels.newOutputStream(to)) {
                out.write(text);
            }
            if (finished.isPresent()) {
                syncAll();
                rename(finished.get());
                BundleStore.sync(store.root());
            }
        } catch (IllegalArgumentException e) {
            throw new SaveFailedException("cannot write the snapshot " + place() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw failure(e);
        }
        if (finished.isEmpty()) {
            Bundle kept = Bundle.open(unfinished);
            closed = true;
            return kept;
        }
        close();
        return Bundle.open(finished.get());
    }

    private void syncAll() throws IOException {
        for (String each : List.of(Bundle.STATE, Bundle.MEMORY, Bundle.MANIFEST)) {
            sync(unfinished.resolve(each));
        }
        for (DiskFile disk : disks) {
            sync(unfinished.resolve(Bundle.DISKS).resolve(disk.name()));
        }
        BundleStore.sync(unfinished.resolve(Bundle.DISKS));
        BundleStore.sync(unfinished);
    }

    private void rename(Path to) throws IOException {
        try {
            // rename(2) replaces no directory that has anything in it, as a bundle has.
            Files.move(unfinished, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (Files.exists(to)) {
                throw store.taken(to.getFileName().toString());
            }
            throw e;
        }
    }

    private static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private Path place() {
        return finished.orElse(unfinished);
    }

    private SaveFailedException failure(Exception e) {
        return new SaveFailedException(
                "cannot write the snapshot " + place() + ": " + Reasons.of(e)
                        + "; nothing is left of it. Free space in " + store.root() + " if it is full",
                e);
    }

    /** Leaves nothing of it, unless it is finished. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            Trees.remove(unfinished);
        } catch (IOException e) {
            LOG.warn(
                    "something of a snapshot is left in {}: {}; the next look at the store removes it",
                    unfinished,
                    e.toString());
        } finally {
            lock.close();
        }
    }
}
