package vmette.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import vmette.bench.Timeline.Event;

/**
 * Watches a launch from outside: the children of this JVM in {@code /proc}, the monitor's socket, and the debug lines of
 * {@code vmette.vhostuser}. It costs some processor time itself, which is why only a trace has it.
 */
final class Tracer implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofMillis(1);
    private static final String SPAWNER = "vmette-spawner";

    private final PrintStream formerErr = System.err;
    private final Thread watcher = new Thread(this::watch, "bench-tracer");
    private volatile Timeline timeline;
    private volatile Set<Long> before = Set.of();
    private volatile long qemu;
    private volatile boolean closed;

    /** Has to be there before anything logs: the binding reads its settings once. */
    static Tracer start() {
        System.setProperty("org.slf4j.simpleLogger.log.vmette.vhostuser", "debug");
        Tracer tracer = new Tracer();
        System.setErr(tracer.new Listener(tracer.formerErr));
        tracer.watcher.setDaemon(true);
        return tracer;
    }

    /** Follows the launch that begins when this returns. */
    Timeline follow() {
        if (watcher.getState() == Thread.State.NEW) {
            watcher.start();
        }
        before = children();
        qemu = 0;
        Timeline next = new Timeline(this::cost);
        timeline = next;
        return next;
    }

    private double cost() {
        long pid = qemu;
        return pid == 0 ? 0 : HostUse.cpuMillisOf(pid);
    }

    /** Passes on what is for people and times what is for us. */
    private final class Listener extends PrintStream {
        Listener(PrintStream out) {
            super(out, true, StandardCharsets.UTF_8);
        }

        @Override
        public void println(String line) {
            Timeline current = timeline;
            if (!line.contains("DEBUG")) {
                super.println(line);
            } else if (current != null && line.contains("front-end") && line.contains("connected")) {
                current.mark(Event.VSOCK_CONNECTED);
            } else if (current != null && line.contains("ring") && line.contains("starts")) {
                current.mark(Event.DRIVER_UP);
            }
        }
    }

    private void watch() {
        while (!closed) {
            Timeline current = timeline;
            if (current != null && !current.times().containsKey(Event.MONITOR_CONNECTED)) {
                look(current);
            }
            Await.pause(PERIOD);
        }
    }

    private void look(Timeline current) {
        Set<Long> fresh = new HashSet<>(children());
        fresh.removeAll(before);
        for (long pid : fresh) {
            current.mark(Event.SPAWNED);
            String line = read(Path.of("/proc", Long.toString(pid), "cmdline"));
            if (!line.contains("\0-mon\0") || line.startsWith("setpriv\0") || line.contains("--pdeathsig")) {
                continue;
            }
            if (!read(Path.of("/proc", Long.toString(pid), "comm")).startsWith("qemu")) {
                continue;
            }
            qemu = pid;
            current.mark(Event.EXECUTED);
            int socket = line.indexOf("socket,id=qmp,path=");
            String path = line.substring(line.indexOf("path=", socket) + "path=".length(), line.indexOf('\0', socket));
            if (!Files.exists(Path.of(path.replace(",,", ",")))) {
                current.mark(Event.MONITOR_CONNECTED);
            }
        }
    }

    /** The children of the thread that spawns all of the product's; proc(5): /proc/pid/task/tid/children. */
    private static Set<Long> children() {
        Set<Long> pids = new HashSet<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                if (read(task.resolve("comm")).strip().equals(SPAWNER)) {
                    for (String pid : read(task.resolve("children")).split(" ", -1)) {
                        if (!pid.isBlank()) {
                            pids.add(Long.parseLong(pid.strip()));
                        }
                    }
                }
            }
        } catch (IOException threadEnded) {
            return pids;
        }
        return pids;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
            return "";
        }
    }

    @Override
    public void close() {
        closed = true;
        System.setErr(formerErr);
    }
}
