package vmette.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much the host has to do. */
public final class HostLoad {
    private static final Path LOAD_AVERAGE = Path.of("/proc/loadavg");

    private HostLoad() {}

    /**
     * The load average of the last minute, proc(5), for each processor that this JVM may use: tasks that run or want to, and those that wait
     * for disks. 0 where it cannot be told.
     */
    public static double perProcessor() {
        try {
            return parse(Files.readString(LOAD_AVERAGE, StandardCharsets.US_ASCII))
                    / Runtime.getRuntime().availableProcessors();
        } catch (IOException none) {
            return 0;
        }
    }

    static double parse(String loadAverage) {
        try {
            double load = Double.parseDouble(loadAverage.split(" ", 2)[0]);
            return load > 0 && load < Double.POSITIVE_INFINITY ? load : 0;
        } catch (NumberFormatException none) {
            return 0;
        }
    }
}
