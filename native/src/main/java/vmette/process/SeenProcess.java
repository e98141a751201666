package vmette.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A process as /proc shows it at one moment.
 *
 * @param identity who it is
 * @param ended it is a zombie: nothing can be done to it, or has to
 * @param changing it is in the middle of execve(2): what it has in its environment cannot be seen yet
 * @param mark what it has in its environment, see {@link #MARK}; empty: it has none, or we may not look
 */
record SeenProcess(ProcessIdentity identity, boolean ended, boolean changing, Optional<String> mark) {
    /** The variable by which a child and its descendants are known. */
    static final String MARK = "VMETTE_MARK";

    // The kernel allows more; ours have a few lines.
    private static final int MAX_ENVIRONMENT = 1 << 20;
    private static final int LOOKS = 3;
    private static final String ASSIGNMENT = MARK + "=";

    /** The process that has this pid now. */
    static Optional<SeenProcess> of(long pid) {
        return ProcessStat.of(pid).map(stat -> {
            ProcessIdentity identity = new ProcessIdentity(pid, stat.startTicks());
            return stat.state() == 'Z' || stat.state() == 'X'
                    ? new SeenProcess(identity, true, false, Optional.empty())
                    : living(identity, Path.of("/proc", Long.toString(pid)));
        });
    }

    /**
     * The kernel shows neither arguments nor environment from when a program's memory is made until both are in it, which takes longer on a loaded host. So
     * who shows no environment has none only if he shows arguments, before and after.
     */
    private static SeenProcess living(ProcessIdentity identity, Path process) {
        try {
            for (int look = 0; look < LOOKS; look++) {
                byte[] environment = read(process.resolve("environ"));
                if (environment.length > 0) {
                    return new SeenProcess(identity, false, false, mark(environment));
                }
                if (read(process.resolve("cmdline")).length == 0) {
                    // A thread of the kernel has no program either.
                    return new SeenProcess(identity, false, hasProgram(process), Optional.empty());
                }
            }
        } catch (IOException notOurs) {
            // Or gone.
        }
        return new SeenProcess(identity, false, false, Optional.empty());
    }

    private static boolean hasProgram(Path process) {
        try {
            Files.readSymbolicLink(process.resolve("exe"));
            return true;
        } catch (IOException none) {
            return false;
        }
    }

    private static byte[] read(Path file) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            return content.readNBytes(MAX_ENVIRONMENT);
        }
    }

    /** All there are, in no order. What comes and goes meanwhile may be missing. */
    static List<SeenProcess> all() throws IOException {
        List<SeenProcess> seen = new ArrayList<>();
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.chars().allMatch(each -> each >= '0' && each <= '9'))
                    .forEach(name -> of(Long.parseLong(name)).ifPresent(seen::add));
        }
        return seen;
    }

    static Optional<String> mark(byte[] environ) {
        return Stream.of(new String(environ, StandardCharsets.ISO_8859_1).split("\0", -1))
                .filter(variable -> variable.startsWith(ASSIGNMENT))
                .map(variable -> variable.substring(ASSIGNMENT.length()))
                .findFirst();
    }
}
