package vmette.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code /proc/PID/stat} tells of a process, proc(5). Reading it waits for nobody, however the process fares.
 *
 * @param pid its process id
 * @param state a letter: R runs, S sleeps, D waits in the kernel, T is stopped by a signal, t held by a debugger, Z is dead and not reaped
 * @param cpuTicks processor time of all its threads in user mode (guests' included) and in the kernel, in clock ticks
 * @param startTicks when it started, in clock ticks since boot
 */
public record ProcessStat(long pid, char state, long cpuTicks, long startTicks) {
    // Numbers of fields; the third is the first one behind the name.
    private static final int STATE = 3;
    private static final int USER_TIME = 14;
    private static final int SYSTEM_TIME = 15;
    private static final int START_TIME = 22;

    /** Of a process that exists now (a zombie does), or empty. */
    public static Optional<ProcessStat> of(long pid) {
        try {
            return parse(
                    pid, Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1));
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    static Optional<ProcessStat> parse(long pid, String stat) {
        // The name is in parentheses and may itself hold spaces and parentheses.
        int afterName = stat.lastIndexOf(") ");
        if (afterName < 0) {
            return Optional.empty();
        }
        String[] fields = stat.substring(afterName + 2).trim().split(" ", -1);
        if (fields.length <= START_TIME - STATE || fields[0].length() != 1) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ProcessStat(
                    pid,
                    fields[0].charAt(0),
                    number(fields, USER_TIME) + number(fields, SYSTEM_TIME),
                    number(fields, START_TIME)));
        } catch (NumberFormatException notStat) {
            return Optional.empty();
        }
    }

    private static long number(String[] fields, int field) {
        return Long.parseLong(fields[field - STATE]);
    }
}
