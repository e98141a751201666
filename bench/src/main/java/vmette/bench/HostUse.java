package vmette.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import vmette.errors.VmetteIoException;

/** What this JVM, its children not counted, and single processes use of the host. */
final class HostUse {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final int COLLECTIONS = 5;
    private static final Duration BETWEEN_COLLECTIONS = Duration.ofMillis(100);

    private HostUse() {}

    /** Processor time of all threads, ended ones too, in nanoseconds; the kernel's resolution is 10 ms. */
    static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    /** Nanoseconds on a processor of each living thread, the JVM's own included; first field of proc(5)'s schedstat. */
    static Map<String, Long> cpuNanosByThread() {
        return cpuNanosByThread(TASKS);
    }

    /** Milliseconds that all living threads of a process have been on a processor; independent of what else the host does. */
    static double cpuMillisOf(long pid) {
        return cpuNanosByThread(Path.of("/proc", Long.toString(pid), "task")).values().stream()
                        .mapToLong(Long::longValue)
                        .sum()
                / 1e6;
    }

    /** Bytes of the Java heap that living threads whose names begin so have allocated. */
    static long allocatedBytes(String threads) {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(threads))
                .mapToLong(thread -> bean.getThreadAllocatedBytes(thread.getId()))
                .sum();
    }

    /** Milliseconds on a processor of all processes that this one has started, by whatever way. */
    static double childrensCpuMillis() {
        return ProcessHandle.current()
                .descendants()
                .mapToDouble(child -> cpuMillisOf(child.pid()))
                .sum();
    }

    private static Map<String, Long> cpuNanosByThread(Path tasks) {
        Map<String, Long> times = new HashMap<>();
        for (Path task : list(tasks)) {
            try {
                String name = Files.readString(task.resolve("comm"), StandardCharsets.UTF_8)
                        .strip();
                String spent = Files.readString(task.resolve("schedstat"), StandardCharsets.US_ASCII)
                        .split(" ", 2)[0];
                times.merge(name + " " + task.getFileName(), Long.parseLong(spent), Long::sum);
            } catch (IOException ended) {
                // A thread that is gone while we look spends nothing any more.
            }
        }
        return times;
    }

    /** The threads that spent most between two looks, as {@code name: milliseconds}, at most so many. */
    static List<String> busiest(Map<String, Long> before, Map<String, Long> after, int most) {
        record Spent(String thread, double millis) {}
        List<Spent> spent = new ArrayList<>();
        after.forEach((thread, nanos) -> spent.add(new Spent(thread, (nanos - before.getOrDefault(thread, 0L)) / 1e6)));
        return spent.stream()
                .sorted(Comparator.comparingDouble(Spent::millis).reversed())
                .limit(most)
                .map(one -> one.thread().substring(0, one.thread().lastIndexOf(' ')) + ": " + Table.number(one.millis())
                        + " ms")
                .toList();
    }

    /** Bytes of the Java heap that are live: the least used after several collections, in which references are cleared as well. */
    static long liveHeapBytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < COLLECTIONS; i++) {
            memory.gc();
            least = Math.min(least, memory.getHeapMemoryUsage().getUsed());
            Await.pause(BETWEEN_COLLECTIONS);
        }
        return least;
    }

    /** Where each descriptor leads, the one of this look excepted. */
    static List<String> openFiles() {
        List<String> targets = new ArrayList<>();
        for (Path fd : list(Path.of("/proc/self/fd"))) {
            try {
                String target = Files.readSymbolicLink(fd).toString();
                if (!target.matches("/proc/\\d+/fd")) {
                    targets.add(target);
                }
            } catch (IOException closed) {
                // While we look, or by our looking.
            }
        }
        return targets;
    }

    /** Names of the Java threads. */
    static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .toList();
    }

    /** Processes that are children of this one, or that name this text in their command line. */
    static List<String> processes(String text) {
        List<String> found = new ArrayList<>();
        long self = ProcessHandle.current().pid();
        ProcessHandle.allProcesses().filter(process -> process.pid() != self).forEach(process -> {
            String line = commandLine(process.pid());
            boolean child = process.parent().map(ProcessHandle::pid).orElse(0L) == self;
            if (child || line.contains(text)) {
                found.add(process.pid() + " " + line.strip());
            }
        });
        return found;
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }

    private static List<Path> list(Path directory) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            List<Path> paths = new ArrayList<>();
            entries.forEach(paths::add);
            return paths;
        } catch (IOException e) {
            throw new VmetteIoException("cannot read " + directory + ": mount /proc", e);
        }
    }
}
