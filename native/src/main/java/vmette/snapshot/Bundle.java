package vmette.snapshot;

import java.io.IOException;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
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

    // What files were when this process found them to be right.
    private static final Map<Path, Map<Path, FileStamp>> VERIFIED = new ConcurrentHashMap<>();

    private final Path directory;
    private final Manifest manifest;

    private Bundle(Path directory, Manifest manifest) {
        this.directory = directory;
        this.manifest = manifest;
    }

    /**
     * Reads the manifest, and looks whether all files are there and have their sizes.
     *
     * @throws RestoreFailedException if this is no bundle, or not a whole one
     */
    public static Bundle open(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        Path file = absolute.resolve(MANIFEST);
        try {
            // A manifest that was made huge must not be read to be refused.
            requireFile(absolute, file, ManifestCodec.MAX_BYTES);
            Bundle bundle = new Bundle(absolute, ManifestCodec.decode(Files.readAllBytes(file)));
            bundle.requireSizes();
            return bundle;
        } catch (IllegalArgumentException e) {
            throw refusal(absolute, "its " + MANIFEST + " is refused: " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            throw refusal(absolute, absolute.relativize(Path.of(e.getFile())) + " is missing", e);
        } catch (IOException e) {
            throw refusal(absolute, Reasons.of(e), e);
        }
    }

    private static void requireFile(Path bundle, Path file, long most) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new NoSuchFileException(file.toString());
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw refusal(bundle, bundle.relativize(file) + " is no regular file", null);
        }
        if (Files.size(file) > most) {
            throw refusal(
                    bundle,
                    bundle.relativize(file) + " has " + Files.size(file) + " bytes, more than the " + most + " of it",
                    null);
        }
    }

    private void requireSizes() throws IOException {
        requireSize(state(), manifest.state().bytes());
        requireSize(memory(), manifest.memory().bytes());
        for (DiskFile disk : manifest.disks()) {
            requireSize(disk(disk.name()), disk.sums().bytes());
        }
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
        return new RestoreFailedException(
                "the snapshot " + directory + " cannot be restored: " + why + "; take it anew, and remove this one",
                cause);
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
     * @throws RestoreFailedException which names all that differs
     */
    public void requireFits(MachineIdentity here) {
        List<String> differences = manifest.machine().differences(here);
        if (!differences.isEmpty()) {
            throw new RestoreFailedException(
                    "the snapshot " + directory + " does not fit: " + String.join("; ", differences)
                            + "; give the VM what it had, or take the snapshot anew",
                    null);
        }
    }

    /**
     * Compares all files with their checksums, unless this process has done so and none has changed since by its inode, size or times.
     *
     * @throws RestoreFailedException which says what is wrong
     */
    public void verifyOnce() {
        check(Optional.empty());
    }

    /** Compares all files with their checksums, whether that was done before or not. Throws as {@link #verifyOnce}. */
    public void verify() {
        VERIFIED.remove(directory);
        verifyOnce();
    }

    /**
     * Copies the memory, and does what {@link #verifyOnce} does, in one go.
     *
     * @param to of the memory's size, or empty; all zeroes
     */
    public void copyMemory(FileChannel to) {
        check(Optional.of(to));
    }

    private void check(Optional<FileChannel> to) {
        try {
            Map<Path, FileStamp> before = stamps();
            Map<Path, FileStamp> verified = VERIFIED.getOrDefault(directory, Map.of());
            Path told = directory.resolve(MANIFEST);
            // With another manifest everything is another.
            Predicate<Path> known = before.get(told).equals(verified.get(told))
                    ? file -> before.get(file).equals(verified.get(file))
                    : file -> false;
            if (!known.test(state())
                    && !Sha256.of(state()).equals(manifest.state().sha256())) {
                throw refusal(directory, STATE + " differs from its SHA-256: it was damaged or changed", null);
            }
            if (!known.test(memory())) {
                check(memory(), manifest.memory(), to);
            } else if (to.isPresent()) {
                SparseFiles.copyChecked(memory(), manifest.memory().bytes(), to.get());
            }
            for (DiskFile disk : manifest.disks()) {
                if (!known.test(disk(disk.name()))) {
                    check(disk(disk.name()), disk.sums(), Optional.empty());
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

    private void check(Path file, ChunkSums sums, Optional<FileChannel> to) throws IOException {
        Optional<String> wrong = SparseFiles.check(file, sums, to);
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
