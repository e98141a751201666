package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a runtime with VMs leaves traces in.
 *
 * @param processes that name its directory
 * @param files in its directory, of whatever kind
 * @param descriptors of this process
 * @param threads of this process
 */
record Traces(int processes, int files, int descriptors, int threads) {
    /** Threads that are kept for a minute for the next machine or child, and those of pools that grow with use. */
    private static final int SPARE_THREADS = 8;

    static Traces of(Path runtimeDir) {
        return new Traces(
                processes(runtimeDir).size(),
                list(runtimeDir).size(),
                count(Path.of("/proc/self/fd")),
                count(Path.of("/proc/self/task")));
    }

    /** The pids of all processes that name the directory. */
    static List<Long> processes(Path runtimeDir) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> pid != ProcessHandle.current().pid())
                .filter(pid -> Faults.arguments(pid).stream().anyMatch(word -> word.contains(runtimeDir.toString())))
                .toList();
    }

    /** Everything in the directory. */
    static List<Path> list(Path runtimeDir) {
        try (Stream<Path> tree = Files.walk(runtimeDir)) {
            return tree.filter(path -> !path.equals(runtimeDir)).toList();
        } catch (UncheckedIOException | IOException changing) {
            return list(runtimeDir);
        }
    }

    private static int count(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return (int) entries.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** With as much going on as before there is no more of anything. */
    void assertNoMoreIn(Path runtimeDir) {
        Faults.until("what is left to be gone", () -> isNoMore(Traces.of(runtimeDir)));
        Traces now = Traces.of(runtimeDir);
        assertThat(isNoMore(now)).as("%s was %s", now, this).isTrue();
    }

    private boolean isNoMore(Traces now) {
        return now.processes <= processes
                && now.files <= files
                && now.descriptors <= descriptors
                && now.threads <= threads + SPARE_THREADS;
    }

    static void remove(Path directory) {
        for (Path path : Stream.concat(list(directory).stream(), Stream.of(directory))
                .sorted(java.util.Comparator.reverseOrder())
                .toList()) {
            try {
                Files.delete(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
