package vmette.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process, told from a later one that was given the same pid.
 *
 * @param pid its process id
 * @param startTicks when it started, in clock ticks since boot: field 22 of {@code /proc/PID/stat}, proc(5)
 */
public record ProcessIdentity(long pid, long startTicks) {
    private static final int START_TIME_AFTER_NAME = 22 - 3;

    /** The identity of a process that exists now (a zombie does), or empty. */
    public static Optional<ProcessIdentity> of(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            return parseStartTicks(stat).map(ticks -> new ProcessIdentity(pid, ticks));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    static ProcessIdentity ofThisJvm() {
        long pid = ProcessHandle.current().pid();
        return of(pid).orElseThrow(
                        () -> new IllegalStateException("/proc is not mounted: cannot read /proc/self/stat"));
    }

    static Optional<Long> parseStartTicks(String stat) {
        // The name is in parentheses and may itself hold spaces and parentheses.
        int afterName = stat.lastIndexOf(") ");
        if (afterName < 0) {
            return Optional.empty();
        }
        String[] fields = stat.substring(afterName + 2).trim().split(" ", -1);
        if (fields.length <= START_TIME_AFTER_NAME) {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.parseLong(fields[START_TIME_AFTER_NAME]));
        } catch (NumberFormatException notStat) {
            return Optional.empty();
        }
    }
}
