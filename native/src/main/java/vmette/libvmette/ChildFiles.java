package vmette.libvmette;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;

/**
 * What a child and its parent have in common: a private directory. The parent lays the order there; the child takes it, reports that
 * the library is loaded, and later the outcome, each file whole or not there. {@link ExitMark} is there as long as nobody
 * has called exit(3) in the child.
 *
 * @param directory of the child alone
 */
record ChildFiles(Path directory) {
    private static final String NAME = "libvmette";
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /**
     * Makes the directory with the order in it.
     *
     * @param parent exists
     * @throws VmetteIoException if that cannot be; nothing is left
     */
    static ChildFiles create(Path parent, RunOrder order) {
        byte[] bytes = RunOrderCodec.encode(order);
        Path directory = parent.resolve(NAME);
        try {
            Files.createDirectory(directory, PRIVATE_DIRECTORY);
        } catch (IOException e) {
            throw failure("make", directory, e);
        }
        ChildFiles files = new ChildFiles(directory);
        try {
            files.write("order", bytes);
            files.write("parent", new byte[0]);
            return files;
        } catch (VmetteIoException e) {
            files.remove();
            throw e;
        }
    }

    /** Reads the order and removes it: it may hold secrets of the command. For the child. */
    RunOrder takeOrder() {
        Path file = directory.resolve("order");
        byte[] bytes = read("order", RunOrderCodec.MOST_BYTES)
                .orElseThrow(() -> new VmetteIoException("there is no order " + file));
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw failure("remove", file, e);
        }
        return RunOrderCodec.decode(bytes);
    }

    void reportLoaded(ChildReport.Loaded report) {
        write("loaded", report.encode());
    }

    void reportOutcome(ChildReport outcome) {
        write("outcome", outcome.encode());
    }

    /** What the child has reported when it had loaded the library; empty as long as it has not, or if it is no such report. */
    Optional<ChildReport.Loaded> loaded() {
        return read("loaded", ChildReport.MOST_BYTES)
                .flatMap(ChildReport::decode)
                .filter(ChildReport.Loaded.class::isInstance)
                .map(ChildReport.Loaded.class::cast);
    }

    /** Its last report, of whatever kind; empty if there is none that could be understood. */
    Optional<ChildReport> outcome() {
        return read("outcome", ChildReport.MOST_BYTES).flatMap(ChildReport::decode);
    }

    /** See {@link ParentLock}. */
    Path parent() {
        return directory.resolve("parent");
    }

    /** See {@link ExitMark}. */
    Path exitMark() {
        return directory.resolve("not-exited");
    }

    private void write(String name, byte[] bytes) {
        Path aside = directory.resolve(name + ".new");
        try {
            Files.createFile(aside, PRIVATE_FILE);
            Files.write(aside, bytes, StandardOpenOption.WRITE);
            Files.move(aside, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw failure("write", aside, e);
        }
    }

    /** Empty where there is no file, or one that is longer than anything written here, or no file at all. */
    private Optional<byte[]> read(String name, int most) {
        Path file = directory.resolve(name);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(most + 1);
            return bytes.length > most ? Optional.empty() : Optional.of(bytes);
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        } catch (IOException e) {
            throw failure("read", file, e);
        }
    }

    /** Removes the directory and whatever is in it: files of ours, of the JVM's and of JNA's, and what a guest has made that broke out. Links are not followed. */
    void remove() {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(one);
            }
        } catch (NoSuchFileException gone) {
            // As wished.
        } catch (UncheckedIOException e) {
            throw failure("remove", directory, e.getCause());
        } catch (IOException e) {
            throw failure("remove", directory, e);
        }
    }

    private static VmetteIoException failure(String verb, Path file, IOException e) {
        return new VmetteIoException("cannot " + verb + " " + file + ": " + Reasons.of(e), e);
    }
}
