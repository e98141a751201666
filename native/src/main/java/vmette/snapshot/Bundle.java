package vmette.snapshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vmette.errors.ForeignSnapshotException;
import vmette.errors.Reasons;
import vmette.errors.RestoreFailedException;
import vmette.linux.FileExtents;
import vmette.linux.LinuxException;

/** A snapshot on disk, its manifest read. Thread-safe; every method but the plain accessors reads files and blocks. */
public final class Bundle {
    static final String MANIFEST = "manifest.json";
    static final String STATE = "device-state";
    static final String MEMORY = "memory";
    static final String DISKS = "disks";

    /** All that is in one. */
    static final List<String> NAMES = List.of(MANIFEST, STATE, MEMORY, DISKS);

    private static final String REFUSED = " cannot be restored: ";
    private static final String REMEDY = "; take it anew, and remove this one";

    // What files were when this process found them to be right.
    private static final Verified VERIFIED = new Verified();

    private final Path directory;
    private final Manifest manifest;

    private Bundle(Path directory, Manifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * Reads the manifest, and looks whether all files are there, have their sizes, and can have been written by nobody but this user.
     *
     * @throws RestoreFailedException if this is no bundle, or not a whole one
     */
    public static Bundle open(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        Path file = absolute.resolve(MANIFEST);
        try {
            requireOurs(absolute, absolute);
            // A manifest that was made huge must not be read to be refused.
            requireFile(absolute, file, ManifestCodec.MAX_BYTES);
            Bundle bundle = new Bundle(absolute, ManifestCodec.decode(Files.readAllBytes(file)));
            bundle.requireSizes();
            return bundle;
        } catch (IllegalArgumentException e) {
            throw refusal(absolute, "its " + MANIFEST + " is refused: " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            throw refusal(absolute, called(absolute, Path.of(e.getFile())) + " is missing", e);
        } catch (IOException e) {
            throw refusal(absolute, Reasons.of(e), e);
        }
    }

    /**
     * Why a directory is not to be removed as a bundle, whatever state it is in: it is not this user's own, or holds something else.
     *
     * @throws UncheckedIOException if it cannot be looked at
     */
    static Optional<String> unlike(Path directory) {
        try (Stream<Path> inside = Files.list(directory)) {
            Set<String> names =
                    inside.map(each -> each.getFileName().toString()).collect(Collectors.toSet());
            return names.contains(MANIFEST) && NAMES.containsAll(names)
                    ? Ownership.notOnlyOurs(directory).map(why -> "it " + why)
                    : Optional.of("it is no snapshot, which has " + String.join(", ", NAMES) + " and nothing else");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What is in a directory and in no bundle, so that it is not to be removed as one that is damaged.
     *
     * @throws UncheckedIOException if it cannot be looked at
     */
    static Optional<String> stranger(Path directory) {
        try (Stream<Path> inside = Files.list(directory)) {
            return inside.map(each -> each.getFileName().toString())
                    .filter(name -> !NAMES.contains(name))
                    .sorted()
                    .findFirst()
                    .map(name -> "there is " + Texts.shown(name) + " in it, and a snapshot has "
                            + String.join(", ", NAMES) + " and nothing else; remove it yourself if it is of no use");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireFile(Path bundle, Path file, long most) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw refusal(bundle, bundle.relativize(file) + " is no regular file", null);
        }
        requireOurs(bundle, file);
        if (Files.size(file) > most) {
            throw refusal(
                    bundle,
                    bundle.relativize(file) + " has " + Files.size(file) + " bytes, more than the " + most + " of it",
                    null);
        }
    }

    private static void requireOurs(Path bundle, Path file) throws IOException {
        Optional<String> foreign = Ownership.notOnlyOurs(file);
        if (foreign.isPresent()) {
            throw refusal(
                    bundle,
                    called(bundle, file) + " " + foreign.get() + ", and whoever can write there decides what VMs do",
                    null);
        }
    }

    private static String called(Path bundle, Path file) {
        return bundle.equals(file) ? "its directory" : bundle.relativize(file).toString();
    }

    private void requireSizes() throws IOException {
        requireSize(state(), manifest.state().bytes());
        requireSize(memory(), manifest.memory().bytes());
        if (!manifest.disks().isEmpty()) {
            requireDisks(directory.resolve(DISKS));
        }
        for (DiskFile disk : manifest.disks()) {
            requireSize(disk(disk.name()), disk.sums().bytes());
        }
    }

    /** Whoever can write there, or leads elsewhere, can put another file in the place of one that was found to be right. */
    private void requireDisks(Path disks) throws IOException {
        if (!Files.exists(disks, LinkOption.NOFOLLOW_LINKS)) {
            throw new NoSuchFileException(disks.toString());
        }
        if (!Files.isDirectory(disks, LinkOption.NOFOLLOW_LINKS)) {
            throw refusal(directory, DISKS + " is no directory", null);
        }
        requireOurs(directory, disks);
    }

    private void requireSize(Path file, long bytes) throws IOException {
        requireFile(directory, file, bytes);
        if (Files.size(file) < bytes) {
            throw refusal(
                    directory,
                    directory.relativize(file) + " is cut: it has " + Files.size(file) + " of " + bytes + " bytes",
                    null);
        }
    }

    private static RestoreFailedException refusal(Path directory, String why, Throwable cause) {
        return new RestoreFailedException("the snapshot " + directory + REFUSED + why + REMEDY, cause);
    }

    /** Of what {@link #open} has said of this directory, the reason alone, for lists. */
    public static String why(RestoreFailedException refusal, Path directory) {
        String message = refusal.getMessage();
        String begin = "the snapshot " + directory + REFUSED;
        return message.startsWith(begin) ? message.substring(begin.length()).replace(REMEDY, "") : message;
    }

    /** Whether it is one that only its maker knows, see {@link BundleStore#beginUnnamed}. */
    public boolean isUnnamed() {
        return Leftovers.isOne(directory);
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** What it says of itself. */
    public Manifest manifest() {
        return manifest;
    }

    /** The monitor's state of all devices. */
    public Path state() {
        return directory.resolve(STATE);
    }

    /** The guest's memory. Whoever maps it does so privately, and writes nothing. */
    public Path memory() {
        return directory.resolve(MEMORY);
    }

    /** The file of one of the manifest's disks. */
    public Path disk(String name) {
        return directory.resolve(DISKS).resolve(name);
    }

    /**
     * Refuses to be restored with anything but what it was taken of.
     *
     * @throws ForeignSnapshotException which names all that differs
     */
    public void requireFits(MachineIdentity here) {
        List<String> differences = manifest.machine().differences(here);
        if (!differences.isEmpty()) {
            throw new ForeignSnapshotException("the snapshot " + directory + " does not fit: "
                    + String.join("; ", differences) + "; give the VM what it had, or take the snapshot anew");
        }
    }

    /**
     * Compares all files with their checksums, unless this process has done so and none has changed since by its inode, size or times.
     *
     * @throws RestoreFailedException which says what is wrong
     */
    public void verifyOnce() {
        check(Optional.empty(), bytes -> {});
    }

    /** Compares all files with their checksums, whether that was done before or not. Throws as {@link #verifyOnce}. */
    public void verify() {
        verify(bytes -> {});
    }

    /**
     * The same, and tells how it goes on.
     *
     * @param read takes how many bytes have been read since it was called last; together about {@link #allocated}
     */
    public void verify(LongConsumer read) {
        VERIFIED.remove(directory);
        check(Optional.empty(), read);
    }

    /**
     * Copies the memory, and does what {@link #verifyOnce} does, in one go.
     *
     * @param to of the memory's size, or empty; all zeroes
     */
    public void copyMemory(FileChannel to) {
        check(Optional.of(to), bytes -> {});
    }

    private void check(Optional<FileChannel> to, LongConsumer read) {
        try {
            Map<Path, FileStamp> before = stamps();
            Map<Path, FileStamp> verified = VERIFIED.of(directory);
            Path told = directory.resolve(MANIFEST);
            // With another manifest everything is another.
            Predicate<Path> known = before.get(told).equals(verified.get(told))
                    ? file -> before.get(file).equals(verified.get(file))
                    : file -> false;
            if (!known.test(state())
                    && !Sha256.of(state()).equals(manifest.state().sha256())) {
                throw refusal(directory, STATE + " differs from its SHA-256: it was damaged or changed", null);
            }
            read.accept(manifest.state().bytes());
            if (!known.test(memory())) {
                check(memory(), manifest.memory(), to, read);
            } else if (to.isPresent()) {
                SparseFiles.copyChecked(memory(), manifest.memory().bytes(), to.get());
            }
            for (DiskFile disk : manifest.disks()) {
                if (!known.test(disk(disk.name()))) {
                    check(disk(disk.name()), disk.sums(), Optional.empty(), read);
                }
            }
            // Whoever changed one of them meanwhile has changed a time of it.
            if (stamps().equals(before)) {
                VERIFIED.put(directory, before);
            }
        } catch (IOException | LinuxException e) {
            throw refusal(directory, Reasons.of(e), e);
        }
    }

    private void check(Path file, ChunkSums sums, Optional<FileChannel> to, LongConsumer read) throws IOException {
        Optional<String> wrong = SparseFiles.check(file, sums, to, read);
        if (wrong.isPresent()) {
            throw refusal(
                    directory, directory.relativize(file) + " " + wrong.get() + ": it was damaged or changed", null);
        }
    }

    private List<Path> files() {
        List<Path> files = new ArrayList<>(List.of(directory.resolve(MANIFEST), state(), memory()));
        manifest.disks().forEach(disk -> files.add(disk(disk.name())));
        return files;
    }

    private Map<Path, FileStamp> stamps() throws IOException {
        Map<Path, FileStamp> stamps = new HashMap<>();
        for (Path file : files()) {
            stamps.put(file, FileStamp.of(file));
        }
        return stamps;
    }

    /** What it takes on disk, in bytes: holes take nothing, and disks' files that other bundles have as well are counted. */
    public long allocated() {
        try {
            return files().stream().mapToLong(FileExtents::allocated).sum();
        } catch (LinuxException e) {
            throw refusal(directory, e.getMessage(), e);
        }
    }
}
