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
 * @param mark what it has in its environment, see {@link #MARK}; empty: it has none, or we may not look
 */
record SeenProcess(ProcessIdentity identity, boolean ended, Optional<String> mark) {
    /** The variable by which a child and its descendants are known. */
    static final String MARK = "VMETTE_MARK";

    // The kernel allows more; ours have a few lines.
    private static final int MAX_ENVIRONMENT = 1 << 20;
    private static final String ASSIGNMENT = MARK + "=";

    /** The process that has this pid now. */
    static Optional<SeenProcess> of(long pid) {
        return ProcessStat.of(pid)
                .map(stat -> new SeenProcess(
                        new ProcessIdentity(pid, stat.startTicks()),
                        stat.state() == 'Z' || stat.state() == 'X',
                        mark(Path.of("/proc", Long.toString(pid), "environ"))));
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

    private static Optional<String> mark(Path environ) {
        try (InputStream environment = Files.newInputStream(environ)) {
            return mark(environment.readNBytes(MAX_ENVIRONMENT));
        } catch (IOException notOurs) {
            return Optional.empty();
        }
    }

    static Optional<String> mark(byte[] environ) {
        return Stream.of(new String(environ, StandardCharsets.ISO_8859_1).split("\0", -1))
                .filter(variable -> variable.startsWith(ASSIGNMENT))
                .map(variable -> variable.substring(ASSIGNMENT.length()))
                .findFirst();
    }
}
