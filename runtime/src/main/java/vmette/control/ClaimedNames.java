package vmette.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** The names of a runtime's VMs, of its fleets, or of its pools, as files that other runtimes and clients see. */
final class ClaimedNames {
    private static final String VMS = "names";
    private static final String FLEETS = "fleets";
    private static final String POOLS = "pools";
    private static final int MAX_PATH = 4096;
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 50;

    private final RuntimeDirectory directory;
    private final String kind;
    private final String what;

    private ClaimedNames(RuntimeDirectory directory, String kind, String what) {
        this.directory = directory;
        this.kind = kind;
        this.what = what;
    }

    static ClaimedNames ofVms(RuntimeDirectory directory) {
        return new ClaimedNames(directory, VMS, "VM");
    }

    static ClaimedNames ofFleets(RuntimeDirectory directory) {
        return new ClaimedNames(directory, FLEETS, "fleet");
    }

    static ClaimedNames ofPools(RuntimeDirectory directory) {
        return new ClaimedNames(directory, POOLS, "pool");
    }

    private Path file(Path runtime, String name) {
        return runtime.resolve(kind).resolve(name);
    }

    /**
     * Claims a name.
     *
     * @param note what is kept with it, not empty
     * @throws VmetteIoException if another runtime has it
     */
    void claim(String name, String note) {
        try {
            Files.createDirectories(directory.path().resolve(kind));
            for (int i = 1; !tryToClaim(name, note, i == TRIES); i++) {
                // Another is claiming it at this moment, and one of us will find it free.
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                        1 + ThreadLocalRandom.current().nextLong(PAUSE_MILLIS)));
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot publish " + what + " " + name + " in " + directory.path() + ": " + e.getMessage(), e);
        }
    }

    /** Made first and looked for then, so that of two at least one sees the other; what is claimed for good is not empty. */
    private boolean tryToClaim(String name, String note, boolean last) throws IOException {
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
        Files.writeString(own, note);
        return true;
    }

    private static boolean isClaimed(Path file) {
        try {
            return Files.size(file) > 0;
        } catch (IOException gone) {
            return false;
        }
    }

    private VmetteIoException taken(String name) {
        return new VmetteIoException(
                "a " + what + " named " + name + " is running already: choose another name, or stop that one first");
    }

    void release(String name) {
        try {
            Files.deleteIfExists(file(directory.path(), name));
        } catch (IOException e) {
            // It goes with the runtime's directory.
        }
    }

    static List<String> vms(Path runtime) {
        return of(runtime.resolve(VMS));
    }

    static List<String> fleets(Path runtime) {
        return of(runtime.resolve(FLEETS));
    }

    static List<String> pools(Path runtime) {
        return of(runtime.resolve(POOLS));
    }

    private static List<String> of(Path names) {
        try (Stream<Path> found = Files.list(names)) {
            return found.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException | UncheckedIOException none) {
            return List.of();
        }
    }

    /** What is kept with a fleet's name: the file that it came from. */
    static Optional<Path> fleetFile(Path runtime, String name) {
        Path file = runtime.resolve(FLEETS).resolve(name);
        try {
            return Files.size(file) > MAX_PATH ? Optional.empty() : Optional.of(Path.of(Files.readString(file)));
        } catch (IOException | InvalidPathException none) {
            return Optional.empty();
        }
    }
}
