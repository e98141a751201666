package vmette.process;

import java.util.Optional;

/**
 * One process, told from a later one that was given the same pid.
 *
 * @param pid its process id
 * @param startTicks when it started, in clock ticks since boot: field 22 of {@code /proc/PID/stat}, proc(5)
 */
public record ProcessIdentity(long pid, long startTicks) {
    /** The identity of a process that exists now (a zombie does), or empty. */
    public static Optional<ProcessIdentity> of(long pid) {
        return ProcessStat.of(pid).map(stat -> new ProcessIdentity(pid, stat.startTicks()));
    }

    static ProcessIdentity ofThisJvm() {
        long pid = ProcessHandle.current().pid();
        return of(pid).orElseThrow(
                        () -> new IllegalStateException("/proc is not mounted: cannot read /proc/self/stat"));
    }
}
