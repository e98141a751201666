package vmette.control;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** The names of a runtime's VMs, as files that other runtimes and clients see. */
final class VmNames {
    private static final String NAMES = "names";
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final RuntimeDirectory directory;

    VmNames(RuntimeDirectory directory) {
        this.directory = directory;
    }

    private static Path file(Path runtime, String name) {
        return runtime.resolve(NAMES).resolve(name);
    }

    /**
     * Claims a name.
     *
     * @throws VmetteIoException if another runtime has it
     */
    void claim(String name) {
        try {
            Files.createDirectories(directory.path().resolve(NAMES));
            for (int i = 1; !tryToClaim(name, i == TRIES); i++) {
                // Another is claiming it at this moment, and one of us will find it free.
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                        1 + ThreadLocalRandom.current().nextLong(PAUSE_MILLIS)));
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot publish VM " + name + " in " + directory.path() + ": " + e.getMessage(), e);
        }
    }

    /** Made first and looked for then, so that of two at least one sees the other; what is claimed for good is not empty. */
    private boolean tryToClaim(String name, boolean last) throws IOException {
        Path own = file(directory.path(), name);
        try {
            Files.createFile(own);
        } catch (FileAlreadyExistsException ours) {
            throw taken(name);
        }
        for (Path other : directory.others()) {
            Path theirs = file(other, name);
            if (Files.exists(theirs)) {
                Files.delete(own);
                if (last || isClaimed(theirs)) {
                    throw taken(name);
                }
                return false;
            }
        }
        Files.writeString(own, "claimed");
        return true;
    }

    private static boolean isClaimed(Path file) {
        try {
            return Files.size(file) > 0;
        } catch (IOException gone) {
            return false;
        }
    }

    private static VmetteIoException taken(String name) {
        return new VmetteIoException(
                "a VM named " + name + " is running already: choose another name, or stop that one first");
    }

    void release(String name) {
        try {
            Files.deleteIfExists(file(directory.path(), name));
        } catch (IOException e) {
            // It goes with the runtime's directory.
        }
    }

    static boolean has(Path runtime, String name) {
        return Files.exists(file(runtime, name));
    }

    static Stream<String> of(Path runtime) {
        try (Stream<Path> found = Files.list(runtime.resolve(NAMES))) {
            return found.map(file -> file.getFileName().toString()).sorted().toList().stream();
        } catch (IOException none) {
            return Stream.empty();
        }
    }
}
