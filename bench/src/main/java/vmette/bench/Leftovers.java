package vmette.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import vmette.errors.VmetteIoException;

/**
 * What is there now, or, after {@link #beyond}, what is there that was not there before.
 *
 * @param processes children of this JVM, and any process that names the runtime directory
 * @param descriptors where this JVM's descriptors lead
 * @param files under the runtime directory; the directory all runtimes of the user share is none
 * @param threads names of this JVM's
 */
record Leftovers(List<String> processes, List<String> descriptors, List<String> files, List<String> threads) {
    /** The JVM ends an idle thread that waited for a child after 60 s: java.lang.ProcessHandleImpl. */
    private static final Duration PATIENCE = Duration.ofSeconds(75);

    static Leftovers look(Path runtimeDirectory) {
        return new Leftovers(
                HostUse.processes(runtimeDirectory.toString()),
                HostUse.openFiles(),
                below(runtimeDirectory),
                HostUse.threads());
    }

    /** What is there beyond {@code before} once nothing is, or after 75 s. */
    static Leftovers settled(Path runtimeDirectory, Leftovers before) {
        Await.until(() -> look(runtimeDirectory).beyond(before).isEmpty(), PATIENCE);
        return look(runtimeDirectory).beyond(before);
    }

    private static List<String> below(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.filter(path -> path.getNameCount() > directory.getNameCount() + 1)
                    .map(Path::toString)
                    .toList();
        } catch (IOException e) {
            throw new VmetteIoException("cannot look into " + directory + ": " + e.getMessage(), e);
        }
    }

    Leftovers beyond(Leftovers before) {
        return new Leftovers(
                without(processes, before.processes),
                without(kinds(descriptors), kinds(before.descriptors)),
                without(files, before.files),
                without(threads, before.threads));
    }

    /** Sockets and pipes have a number that is never the same twice. */
    private static List<String> kinds(List<String> descriptors) {
        return descriptors.stream()
                .map(target -> target.replaceAll("^(socket|pipe):\\[\\d+]$", "$1"))
                .toList();
    }

    /** As multisets. */
    private static List<String> without(List<String> all, List<String> some) {
        List<String> rest = new ArrayList<>(all);
        some.forEach(rest::remove);
        return List.copyOf(rest);
    }

    boolean isEmpty() {
        return describe().isEmpty();
    }

    /** One line for each kind of which something is there. */
    List<String> describe() {
        List<String> lines = new ArrayList<>();
        describe(lines, "processes", processes);
        describe(lines, "descriptors", descriptors);
        describe(lines, "files", files);
        describe(lines, "threads", threads);
        return lines;
    }

    private static void describe(List<String> lines, String kind, List<String> things) {
        if (!things.isEmpty()) {
            lines.add(kind + " left: " + String.join(", ", things));
        }
    }
}
