package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vmette.cli.Sandbox;

/**
 * One program, many configurations and many runs: what it holds afterwards is what it held after the first of them. {@code -Dvmette.full=true}:
 * 1,000 runs from eight threads, booted ones too, and a look at its memory; else fewer, all restored.
 */
@Timeout(value = 130, unit = TimeUnit.MINUTES)
class CapiManyIT {
    private static final boolean FULL = Boolean.getBoolean("vmette.full");
    private static final int THREADS = FULL ? 8 : 4;
    private static final int RUNS = FULL ? 8 : 3;
    private static final int ROUNDS = FULL ? 16 : 2;
    private static final int CONFIGURATIONS = 500;

    /** The heap does not grow, all of it is in use from the beginning: what grows is a leak outside of it. */
    private static final String HEAP = "-Xms64m -Xmx64m -XX:+AlwaysPreTouch";

    /** Descriptors, threads, KiB of memory. */
    private record Held(int descriptors, int threads, long memory) {
        static Held of(String line) {
            String[] words = line.split(" ", -1);
            return new Held(Integer.parseInt(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2]));
        }
    }

    @Test
    void nothingGrowsByRuns() throws Exception {
        try (Sandbox sandbox = Sandbox.create("")) {
            String snapshot = sandbox.directory().resolve("snapshot").toString();
            CProgram.Result built =
                    CProgram.compile(sandbox, "driver.c").run("new", "", "", "mem", "128", "build", snapshot, "run");
            assertThat(built.told()).as(built.stderr()).isEqualTo("0 0\n");
            look(sandbox, snapshot);
            if (FULL) {
                look(sandbox, "");
            }
        }
    }

    private static void look(Sandbox sandbox, String snapshot) throws Exception {
        CProgram many = CProgram.compile(sandbox, "many.c");
        CProgram.Result result = many.run(
                List.of(
                        many.path().toString(),
                        snapshot,
                        Integer.toString(CONFIGURATIONS),
                        Integer.toString(THREADS),
                        Integer.toString(RUNS),
                        Integer.toString(ROUNDS)),
                Map.of("VMETTE_JAVA_OPTS", HEAP),
                FULL ? 3600 : Sandbox.DEADLINE_SECONDS);
        List<String> lines = result.told().lines().toList();
        assertThat(lines).noneMatch(line -> line.startsWith("wrong")).hasSize(ROUNDS);
        List<Held> held = lines.stream().map(Held::of).toList();
        Held first = held.get(0);
        Held last = held.get(ROUNDS - 1);
        int runs = THREADS * RUNS * (ROUNDS - 1);
        // A thread of a pool comes and goes; of one for each run there would be many.
        assertThat(last.descriptors()).as("%s", held).isLessThan(first.descriptors() + runs / 2);
        assertThat(last.threads()).as("%s", held).isLessThan(first.threads() + runs / 2);
        if (FULL) {
            // What is compiled and loaded once has been by then.
            Held middle = held.get(ROUNDS / 2);
            int later = THREADS * RUNS * (ROUNDS - 1 - ROUNDS / 2);
            assertThat(last.memory()).as("%s", held).isLessThan(middle.memory() + 32L * later);
        }
        assertThat(result.stderr().lines().filter(line -> !line.contains("vcpus = 0 is refused")))
                .isEmpty();
        assertThat(result.code()).isZero();
        sandbox.assertNothingLeft();
    }
}
