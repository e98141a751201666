package vmette.snapshot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.Reasons;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteIoException;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;
import vmette.linux.FileExtents;
import vmette.linux.LinuxException;
import vmette.linux.OpenFile;
import vmette.linux.OwnedFd;
import vmette.process.CalledOff;

/**
 * The files of one disk of one incarnation of a VM that can be saved: a raw image or a bundle's files, which nobody writes to, and over them images that hold only what was written since. The
 * guest writes into the topmost; a save lays an empty one over it, and from then on all beneath is as it was at that instant, for as many bundles as want it.
 *
 * <p>Files of its own have names, so that bundles can have links to them, and are in the journal; the others are held open, whatever becomes of the bundle that they came from. Thread-safe; what
 * blocks says so, and others wait for it.
 */
public final class DiskChain implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskChain.class);

    private final String device;
    private final long bytes;
    private final Path directory;
    private final Journal journal;
    private final List<Link> frozen = new ArrayList<>();
    private final CalledOff work;
    private Link top;
    private Optional<Link> next = Optional.empty();
    private Optional<Link> flat = Optional.empty();
    private boolean closed;

    /** One file; with a path if it is the chain's own. */
    private static final class Link {
        private final String format;
        private final Path path;
        private final boolean own;
        private final OwnedFd fd;
        private Optional<ChunkSums> sums = Optional.empty();

        private Link(String format, Path path, boolean own, OwnedFd fd) {
            this.format = format;
            this.path = path;
            this.own = own;
            this.fd = fd;
        }
    }

    /**
     * A file to be opened for reading.
     *
     * @param overlay whether it is a qcow2 over the one before, else raw
     */
    public record Layer(Path file, boolean overlay) {}

    /** Makes one raw image of a chain of files. */
    @FunctionalInterface
    public interface Flattening {
        /**
         * Blocks.
         *
         * @param layers the lowest first
         * @param to an empty file
         * @throws SaveFailedException if it cannot
         */
        void flatten(List<Layer> layers, Path to);
    }

    private DiskChain(String device, long bytes, Path directory, Journal journal) {
        this.device = device;
        this.bytes = bytes;
        this.directory = directory;
        this.journal = journal;
        this.work = new CalledOff(ended(), SaveFailedException::new);
    }

    /**
     * A new disk. Blocks.
     *
     * @param device see {@link DiskFile#device}
     * @param bytes its size, at least 1
     * @param directory where its files are made; it exists
     * @param journal of the runtime it is for
     * @param format puts a file system onto the file of zeroes that it is given
     * @throws vmette.errors.VmetteException if it cannot be made
     */
    public static DiskChain create(String device, long bytes, Path directory, Journal journal, Consumer<Path> format) {
        DiskChain chain = new DiskChain(device, bytes, directory.toAbsolutePath(), journal);
        return chain.begin(() -> {
            chain.top = chain.make(DiskFile.RAW);
            format.accept(chain.top.path);
        });
    }

    /**
     * A disk that goes on from a bundle's. Blocks.
     *
     * @param bytes the size that it had
     * @throws RestoreFailedException if the bundle has no such disk, or its files are none
     */
    public static DiskChain over(Bundle bundle, String device, long bytes, Path directory, Journal journal) {
        DiskChain chain = new DiskChain(device, bytes, directory.toAbsolutePath(), journal);
        return chain.begin(() -> {
            chain.take(bundle);
            chain.top = chain.make(DiskFile.QCOW2);
        });
    }

    private DiskChain begin(Runnable files) {
        try {
            files.run();
            return this;
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private void take(Bundle bundle) {
        List<DiskFile> files = bundle.manifest().chain(device);
        if (files.isEmpty()) {
            throw refusal(bundle, "it has no disk " + device, null);
        }
        for (DiskFile file : files) {
            Path path = bundle.disk(file.name());
            try {
                Link link = new Link(file.format(), path, false, OpenFile.read(path));
                frozen.add(link);
                link.sums = Optional.of(file.sums());
                Optional<String> wrong = file.isOverlay()
                        ? Qcow2.wrong(OpenFile.path(link.fd), bytes)
                        : Optional.of("is a disk of " + file.sums().bytes() + " bytes instead of " + bytes)
                                .filter(differs -> file.sums().bytes() != bytes);
                if (wrong.isPresent()) {
                    throw refusal(bundle, Bundle.DISKS + "/" + file.name() + " " + wrong.get(), null);
                }
            } catch (IOException | LinuxException e) {
                throw refusal(bundle, Reasons.of(e), e);
            }
        }
    }

    private static RestoreFailedException refusal(Bundle bundle, String why, Throwable cause) {
        return new RestoreFailedException(
                "the snapshot " + bundle.directory() + " cannot be restored: " + why
                        + "; give the VM the disks that it had, or take the snapshot anew",
                cause);
    }

    /** Raw: all zeroes. Else: nothing written yet. */
    private Link make(String format) {
        Path file = directory.resolve(UUID.randomUUID() + ".disk");
        journal.append(new JournalRecord.FileMade(file.toString()));
        try {
            try (FileChannel made = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                if (format.equals(DiskFile.RAW)) {
                    SparseFiles.extend(made, bytes);
                } else {
                    Qcow2.writeEmpty(made, bytes);
                }
            }
            return new Link(format, file, true, OpenFile.read(file));
        } catch (IOException | LinuxException e) {
            remove(file);
            throw new VmetteIoException(
                    "cannot make the disk " + device + " in " + directory + ": " + Reasons.of(e)
                            + "; free space there, or set vmette.cache-dir to a directory that has it",
                    e);
        }
    }

    private void remove(Path file) {
        try {
            Files.deleteIfExists(file);
            journal.append(new JournalRecord.FileGone(file.toString()));
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}; the next runtime will", file, e.toString());
        }
    }

    /** The serial by which the guest knows it. */
    public String device() {
        return device;
    }

    /** What the guest writes into. */
    public synchronized Layer top() {
        return layer(top);
    }

    /** What that is laid over, the lowest first. Files of bundles have the names they had there. */
    public synchronized List<Layer> beneath() {
        return frozen.stream().map(DiskChain::layer).toList();
    }

    private static Layer layer(Link link) {
        return new Layer(link.path, link.format.equals(DiskFile.QCOW2));
    }

    /**
     * An empty image, to be laid over the topmost; {@link #goOn} says when that has happened, {@link #giveUp} that it does not. Blocks.
     *
     * @throws SaveFailedException if it cannot be made
     */
    public synchronized Path grow() {
        requireOpen();
        giveUp();
        Link made = makeForSave(DiskFile.QCOW2);
        next = Optional.of(made);
        return made.path;
    }

    private Link makeForSave(String format) {
        try {
            return make(format);
        } catch (VmetteIoException e) {
            throw new SaveFailedException(e.getMessage(), e);
        }
    }

    /** From now on the guest writes into what {@link #grow} made. */
    public synchronized void goOn() {
        next.ifPresent(made -> {
            frozen.add(top);
            top = made;
        });
        next = Optional.empty();
    }

    /** What {@link #grow} made is not used, unless it is already. */
    public synchronized void giveUp() {
        next.ifPresent(this::drop);
        next = Optional.empty();
    }

    /** How many files it is going to have in a bundle that is begun now. */
    public synchronized int linksOfNext() {
        return frozen.size() + 1;
    }

    /** How much room its files take at most if they are copied, in bytes. Reads where they have holes. */
    public synchronized long allocated() {
        requireOpen();
        try {
            return FileExtents.allocated(OpenFile.path(top.fd))
                    + frozen.stream()
                            .mapToLong(link -> FileExtents.allocated(OpenFile.path(link.fd)))
                            .sum();
        } catch (LinuxException e) {
            throw new SaveFailedException("the disk " + device + " cannot be looked at: " + e.getMessage(), e);
        }
    }

    /** Whether all that there is of it can be in a bundle without being copied. */
    public synchronized boolean isLinkedBy(BundleWriter writer) {
        requireOpen();
        return writer.takesLink(top.fd) && frozen.stream().allMatch(link -> writer.takesLink(link.fd));
    }

    /**
     * Refuses what finds no room beside its files.
     *
     * @throws SaveFailedException naming the directory
     */
    public void requireRoom(long wanted) {
        long left = Room.of(directory);
        if (left < wanted) {
            throw new SaveFailedException(
                    "the disk " + device + " has to be made one file again, which needs " + Room.mib(wanted)
                            + " MiB, and " + directory + " has room for " + Room.mib(left) + ": free space there",
                    null);
        }
    }

    /**
     * Makes one file of all that is frozen, see {@link #base}. Blocks.
     *
     * @throws SaveFailedException if it fails; nothing has changed then
     */
    public synchronized void flatten(Flattening flattening) {
        requireOpen();
        frozen.forEach(this::requireOurs);
        Link one = makeForSave(DiskFile.RAW);
        try {
            long pid = ProcessHandle.current().pid();
            // By these even a file without a name is found.
            List<Layer> layers = frozen.stream()
                    .map(link -> new Layer(
                            Path.of("/proc/" + pid + "/fd/" + link.fd.fd()),
                            layer(link).overlay()))
                    .toList();
            work.during(() -> {
                flattening.flatten(layers, one.path);
                return one;
            });
        } catch (RuntimeException | Error e) {
            drop(one);
            throw e;
        }
        frozen.forEach(this::drop);
        frozen.clear();
        frozen.add(one);
        flat = Optional.of(one);
    }

    /** The file into which all beneath the topmost was made when it was flattened last; until the monitor is told it goes on with those that it has open. */
    public synchronized Optional<Path> base() {
        return flat.map(link -> link.path);
    }

    /** Puts all that is frozen into a bundle. Blocks. */
    public synchronized void save(BundleWriter writer) {
        requireOpen();
        int number = 0;
        for (Link link : frozen) {
            requireOurs(link);
            String name = device + "." + number++;
            link.sums = Optional.of(work.during(() -> writer.disk(name, device, link.format, link.fd, link.sums)));
        }
    }

    /** As for a restore: what a monitor that was taken over has made of it must lead no other program to other files. */
    private void requireOurs(Link link) {
        try {
            Optional<String> wrong =
                    layer(link).overlay() ? Qcow2.wrong(OpenFile.path(link.fd), bytes) : Optional.empty();
            if (wrong.isPresent()) {
                throw new SaveFailedException(
                        "the disk " + device + " cannot be saved: " + link.path + " " + wrong.get(), null);
            }
        } catch (IOException e) {
            throw new SaveFailedException("the disk " + device + " cannot be saved: " + Reasons.of(e), e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new SaveFailedException(ended(), null);
        }
    }

    private String ended() {
        return "the disk " + device + " cannot be saved: its VM has ended";
    }

    private void drop(Link link) {
        link.fd.close();
        if (link.own) {
            remove(link.path);
        }
    }

    /** Removes what is its own, and ends what is done for a save. Idempotent. */
    @Override
    public void close() {
        // Whoever waits for the VM's end must not wait until all of a disk is copied.
        work.callOff();
        remove();
    }

    private synchronized void remove() {
        if (closed) {
            return;
        }
        closed = true;
        giveUp();
        frozen.forEach(this::drop);
        if (top != null) {
            drop(top);
        }
    }
}
