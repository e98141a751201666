package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.HostRoots;
import vmette.cli.Sandbox;
import vmette.config.RuntimeSettings;

/** Programs that do as they like with their own process: they end, fork, wait for any child, unload the library. Nothing hangs, nothing is left. */
class CapiProcessIT {
    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private Path in(String name) {
        return sandbox.directory().resolve(name);
    }

    private CProgram driver() throws Exception {
        return CProgram.compile(sandbox, "driver.c");
    }

    private static String[] during(String command, String... then) {
        return Stream.concat(Stream.of("new", "", "", "mem", "128", "exec", command, "begin"), Stream.of(then))
                .toArray(String[]::new);
    }

    @Test
    void exitWhileAnotherThreadIsInARunEndsTheProcess() throws Exception {
        CProgram.Result result = driver().run(during("echo up; sleep 1000", "output", "exit", "5"));
        assertThat(result.code()).as(result.stderr()).isEqualTo(5);
        assertThat(result.stdout()).isEqualTo("up\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"_exit 6", "abort", "sleep 0"})
    @EnabledIfSystemProperty(named = "vmette.full", matches = "true")
    void soDoTheOtherWays(String way) throws Exception {
        List<String> words = new ArrayList<>(List.of("output"));
        words.addAll(List.of(way.split(" ", -1)));
        CProgram.Result result = driver().run(during("echo up; sleep 1000", words.toArray(String[]::new)));
        assertThat(result.code()).isEqualTo(way.equals("abort") ? 128 + 6 : way.equals("_exit 6") ? 6 : 0);
    }

    /** While Java is being made, a runtime in it, a VM in that. */
    @Test
    @EnabledIfSystemProperty(named = "vmette.full", matches = "true")
    void exitAtAnyMomentOfTheFirstRun() throws Exception {
        CProgram driver = driver();
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 60; i++) {
            String moment = Integer.toString(random.nextInt(i < 30 ? 200 : 3000));
            CProgram.Result result = driver.run(during("echo up; sleep 1000", "sleep", moment, "exit", "5"));
            assertThat(result.code())
                    .as("after %s ms: %s", moment, result.stderr())
                    .isEqualTo(5);
            sandbox.assertNothingLeft();
        }
    }

    @Test
    void whoForksBeforeTheFirstRunHasRunsInTheChildAndAfterItInTheParent() throws Exception {
        Path work = Files.createDirectory(in("work"));
        CProgram.Result result = driver().run(
                        "new",
                        "",
                        "",
                        "mem",
                        "128",
                        "exec",
                        "exit 3",
                        "fork", //
                        "share",
                        "work",
                        work.toString(),
                        "exec",
                        "echo up; until [ -e /mnt/work/go ]; do sleep 0.1; done; exit 4",
                        "begin",
                        "output", //
                        "fork",
                        "touch",
                        work.resolve("go").toString(),
                        "join");
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 3\nchild 0\n8 -\nchild 0\n0 4\n");
        assertThat(result.stderr())
                .startsWith("vmette: this process was forked")
                .hasLineCount(1);
    }

    /** By a thread, by a handler, by the kernel, which leaves none. */
    @Test
    void whoTakesTheEndsOfAllChildrenHasRunsThatEndAllTheSame() throws Exception {
        Path root = HostRoots.busybox(in("root"), RuntimeSettings.load());
        CProgram driver = driver();
        CProgram.Result result = driver.run(
                "new",
                "",
                "",
                "mem",
                "128",
                "rootfs",
                root.toString(),
                "scratch",
                "64", //
                "exec",
                "ls /sys/block | grep -c vda; exit 5", //
                "reap",
                "thread",
                "reap",
                "handler",
                "run",
                "reap",
                "ignore",
                "run");
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 5\n0 5\n");
        assertThat(result.stdout()).isEqualTo("1\n1\n");

        Files.writeString(in("lost.conf"), "include \"vmette.conf\"\nvmette.qemu.binary = \"/bin/false\"\n");
        CProgram.Result lost = driver.with(
                Map.of("VMETTE_CONFIG", in("lost.conf").toString()),
                "new",
                "",
                "",
                "exec",
                "true",
                "reap",
                "ignore",
                "run");
        assertThat(lost.told()).as(lost.stderr()).isEqualTo("2 -\n");
        assertThat(lost.stderr()).startsWith("vmette: ").hasLineCount(1);
    }

    @Test
    void whoUnloadsTheLibraryMayLoadItAgain() throws Exception {
        CProgram.Result result = CProgram.compile(sandbox, "loaded.c").run(CProgram.LIBRARY.toString());
        assertThat(result.told()).as(result.stderr()).isEqualTo("1 0\n0 4\n");
        assertThat(result.code()).isZero();
    }
}
