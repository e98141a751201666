package vmette.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import vmette.errors.VmetteException;
import vmette.linux.Errno;
import vmette.linux.LinuxException;
import vmette.linux.ProcessMemory;

/**
 * Whether this process may read and write the memory of its children, without which VMs cannot share what they begin
 * from (copy on write).
 *
 * @param refusal why not, with what to do about it; empty: it may
 */
public record CowSupport(Optional<String> refusal) {
    private static final Path YAMA = Path.of("/proc/sys/kernel/yama/ptrace_scope");
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long PAUSE_MILLIS = 2;
    /** Is executed last of several programs, and then known by its name. */
    private static final String PROGRAM = "sleep";

    /** Whether it may. */
    public boolean isAvailable() {
        return refusal.isEmpty();
    }

    /**
     * Tries it on a child like any other. Blocks for as long as one takes to start, at most 20 s.
     *
     * @param children spawn it; it is gone when this returns
     */
    public static CowSupport probe(ChildProcesses children) {
        Optional<Path> program = Executables.find(PROGRAM);
        if (program.isEmpty()) {
            return refused("there is no program " + PROGRAM + " on the PATH to try it on");
        }
        Process child;
        try {
            child = children.spawn(List.of(program.get().toString(), "1000"), ChildSpawner.NO_INPUT)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            return refused("no child could be started to try it on: "
                    + (e.getCause() instanceof VmetteException known ? known.getMessage() : e.getCause()));
        }
        try {
            return tryOn(child);
        } finally {
            child.destroyForcibly();
            child.onExit().toCompletableFuture().join();
        }
    }

    static CowSupport tryOn(Process child) {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (child.isAlive()) {
            try {
                if (runs(child.pid(), PROGRAM)) {
                    return touch(child.pid());
                }
            } catch (IOException notToBeSeen) {
                return refused(
                        "/proc/" + child.pid() + " cannot be read (" + notToBeSeen + "): mount /proc without hidepid");
            }
            if (System.nanoTime() - deadline > 0) {
                return refused("a child did not start within 20 s");
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return refused("interrupted while it was tried");
            }
        }
        return refused("the child to try it on ended with status " + child.exitValue());
    }

    private static boolean runs(long pid, String program) throws IOException {
        return Files.readString(Path.of("/proc", Long.toString(pid), "comm"))
                .trim()
                .equals(program);
    }

    /** Reads a word that the child has in memory of its own and writes it back. */
    private static CowSupport touch(long pid) throws IOException {
        List<ProcessMappings.Mapping> own = ProcessMappings.of(pid).mappings().stream()
                .filter(mapping -> mapping.writable() && !mapping.shared())
                .toList();
        if (own.isEmpty()) {
            return refused("/proc/" + pid + "/maps shows nothing");
        }
        try (ProcessMemory memory = ProcessMemory.open(pid)) {
            // the stack's far end, which nobody uses
            long address = own.get(own.size() - 1).start();
            memory.write(address, memory.read(address, Long.BYTES), Long.BYTES);
            return new CowSupport(Optional.empty());
        } catch (LinuxException e) {
            return refused(why(e));
        }
    }

    private static CowSupport refused(String reason) {
        return new CowSupport(Optional.of(reason));
    }

    /** What it means that the memory of a child of ours cannot be opened, and what to do about it. */
    public static String why(LinuxException refusal) {
        Optional<String> scope;
        try {
            scope = Optional.of(Files.readString(YAMA).trim());
        } catch (IOException noYama) {
            scope = Optional.empty();
        }
        return why(refusal, scope);
    }

    static String why(LinuxException refusal, Optional<String> yamaScope) {
        boolean denied = refusal.errno() == Errno.EACCES || refusal.errno() == Errno.EPERM;
        if (!denied) {
            return refusal.getMessage();
        }
        if (yamaScope.isPresent()
                && (yamaScope.get().equals("2") || yamaScope.get().equals("3"))) {
            return refusal.getMessage() + "; kernel.yama.ptrace_scope is " + yamaScope.get()
                    + ", which keeps a process from its children's memory: set it to 1 or 0"
                    + (yamaScope.get().equals("3") ? " (with 3 that takes a reboot)" : "");
        }
        return refusal.getMessage()
                + "; the kernel does not let this process trace its children: in a container grant it SYS_PTRACE, and run"
                + " QEMU as the same user, from a file that this user may read";
    }
}
