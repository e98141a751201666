package vmette.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Counts this process's descriptors of the kinds that virtual machines are made of, to find leaks. */
public final class OpenFds {
    private static final Path DIRECTORY = Path.of("/proc/self/fd");

    private OpenFds() {}

    /** The open sockets, eventfds, epoll and memory files, as "number target"; jars and the like are left out. */
    public static Set<String> ours() {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.list(DIRECTORY)) {
            all.forEach(path -> target(path, found));
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void target(Path path, Set<String> found) {
        try {
            String target = Files.readSymbolicLink(path).toString();
            if (target.startsWith("socket:") || target.startsWith("anon_inode:") || target.startsWith("/memfd:")) {
                found.add(path.getFileName() + " " + target);
            }
        } catch (IOException e) {
            // gone between listing and reading: the listing's own descriptor
            found.remove(path.getFileName().toString());
        }
    }
}
