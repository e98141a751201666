package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.HostRoots;
import vmette.cli.Sandbox;
import vmette.config.RuntimeSettings;

/** The C ABI as programs in C have it, with real VMs. */
class CapiIT {
    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private Path in(String name) {
        return sandbox.directory().resolve(name);
    }

    @Test
    void exportsThe22FunctionsOfItsHeaderAndNothingElse() throws Exception {
        Path library = CProgram.LIBRARY;
        CProgram.Result symbols =
                CProgram.tools(sandbox).run(List.of("nm", "-D", "--defined-only", library.toString()), Map.of());
        List<String> functions = symbols.stdout()
                .lines()
                .filter(line -> !line.contains(" A "))
                .map(line -> line.split(" ", -1)[2])
                .toList();
        assertThat(functions).hasSize(22).allMatch(name -> name.startsWith("vmette_") && name.endsWith("@@VMETTE_0"));
        String header = Files.readString(CProgram.DIST.resolve("vmette.h"));
        assertThat(functions)
                .allSatisfy(name -> assertThat(header).contains(name.substring(0, name.indexOf('@')) + "("));
        assertThat(symbols.stdout().lines().filter(line -> line.contains(" A ")))
                .singleElement()
                .asString()
                .endsWith(" VMETTE_0");
    }

    @Test
    void whatItRefusesIsCleanUnderValgrind() throws Exception {
        CProgram setters = CProgram.compile(sandbox, "setters.c");
        CProgram.Result result = setters.run(
                List.of(
                        "/bin/sh",
                        "-c",
                        "mkdir \"$0/$(printf 'n\\377')\" && exec valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite"
                                + " --error-exitcode=99 \"$1\" \"$0/$(printf 'n\\377')\"",
                        sandbox.directory().toString(),
                        setters.path().toString()),
                Map.of("VMETTE_JAVA_HOME", in("nowhere").toString()));
        assertThat(result.code()).as(result.stderr()).isZero();
        // One line for each run that failed.
        boolean root = Files.getAttribute(sandbox.directory(), "unix:uid").equals(0);
        assertThat(result.stderr().lines()).hasSize(root ? 11 : 10).allMatch(line -> line.startsWith("vmette: "));
        assertThat(result.stderr().lines().filter(line -> line.contains("is no Java runtime of 17 or later")))
                .hasSize(5);
        CProgram.Result removed =
                CProgram.tools(sandbox).run(List.of("rm", "-r", "-f", "--", in("n?").toString()), Map.of());
        assertThat(removed.code()).isZero();
    }

    /** With a JVM of paper, since a real one is slow there, and has faults of its own by the thousand that are none. */
    @Test
    void whatItDoesWithAJavaIsCleanUnderValgrind() throws Exception {
        CProgram driver = CProgram.compile(sandbox, "driver.c");
        Path java = CProgram.paperJava(sandbox);
        Map<String, String> told = Map.of(
                "well",
                "0 7\n".repeat(4),
                "fails",
                "8 -\n".repeat(4),
                "exits",
                "8 -\n".repeat(4),
                "abandons",
                "8 -\n".repeat(4),
                "aborts",
                "8 -\n".repeat(4),
                "throws",
                "8 -\n".repeat(4),
                "forgets",
                "8 -\n".repeat(4));
        for (Map.Entry<String, String> each : told.entrySet()) {
            CProgram.Result result = driver.run(
                    List.of(
                            "valgrind",
                            "--quiet",
                            "--leak-check=full",
                            "--errors-for-leak-kinds=definite",
                            "--error-exitcode=99", //
                            driver.path().toString(),
                            "new",
                            "",
                            "",
                            "exec",
                            "true",
                            "run",
                            "run",
                            "threads",
                            "2",
                            "exit",
                            "3"),
                    Map.of(
                            "VMETTE_JAVA_HOME",
                            java.toString(),
                            "PAPER_JVM",
                            each.getKey(), //
                            "VMETTE_JAVA_OPTS",
                            "-Dx=y ".repeat(200) + "-Dlast=one"));
            assertThat(result.code())
                    .as("%s: %s", each.getKey(), result.stderr())
                    .isEqualTo(3);
            assertThat(result.told()).as(each.getKey()).isEqualTo(each.getValue());
            boolean begins = !List.of("fails", "exits", "abandons", "aborts").contains(each.getKey());
            // However many options there are, the last is taken; and what was begun is closed.
            assertThat(result.stdout().lines().findFirst().orElse("none")).isEqualTo(begins ? "-Dlast=one" : "none");
            assertThat(result.stdout().contains("closed"))
                    .isEqualTo(List.of("well", "throws").contains(each.getKey()));
            assertThat(result.stderr().lines()).hasSize(each.getKey().equals("well") ? 0 : 4);
        }
    }

    /** What Java is asked for: key, value and second value, a line each. */
    private static List<String> asked(CProgram program, Path java, Path request, String... arguments) throws Exception {
        CProgram.Result result = program.with(
                Map.of("VMETTE_JAVA_HOME", java.toString(), "PAPER_REQUEST", request.toString()), arguments);
        assertThat(result.told()).as(result.stderr()).startsWith("0 7 ");
        return Pattern.compile("([^\0]*)\0([^\0]*)\0([^\0]*)\0")
                .matcher(Files.readString(request))
                .results()
                .map(entry -> entry.group(1) + " = " + entry.group(2) + "; " + entry.group(3))
                .toList();
    }

    @Test
    void allThatIsSetIsAskedForUnlessItIsTakenBack() throws Exception {
        CProgram everything = CProgram.compile(sandbox, "everything.c");
        Path java = CProgram.paperJava(sandbox);
        List<String> always = List.of(
                "kernel = /kernel; ",
                "initramfs = /initramfs; ",
                "cmdline = quiet panic=1; ",
                "rootfs = /root; ",
                "rootfs-read-only = 1; ",
                "share = /share/1; one",
                "share = /share/2; two",
                "env = first; KEY",
                "env = ; OTHER",
                "env = last = \ud83d\ude00; KEY",
                "disk = /disk/1; ",
                "disk = /disk/2; ",
                "vsock-port = -1; ",
                "guest-vsock-port = 1234; ",
                "timeout = 7; ",
                "vcpus = 3; ",
                "memory = 640; ",
                "scratch = 32; ");
        List<String> set =
                List.of("exec = echo \"$KEY\"; ", "net = 1; ", "switch-root = 1; ", "build-snapshot = /built; ");
        List<String> takenBack = List.of("net = 0; ", "switch-root = 0; ", "resume-snapshot = /resumed; ");
        assertThat(asked(everything, java, in("request")))
                .containsSubsequence(always)
                .containsAll(set)
                .hasSize(always.size() + set.size());
        assertThat(asked(everything, java, in("request"), "clear"))
                .containsSubsequence(always)
                .containsAll(takenBack)
                .hasSize(always.size() + takenBack.size());
    }

    /** Each allocation of a run fails once. */
    @Test
    void aRunThatHasNoMemoryFailsAndNothingElse() throws Exception {
        CProgram everything = CProgram.compile(sandbox, "everything.c");
        Map<String, String> environment =
                Map.of("VMETTE_JAVA_HOME", CProgram.paperJava(sandbox).toString());
        String well = everything.with(environment).told();
        int allocations = Integer.parseInt(well.strip().split(" ", -1)[2]);
        assertThat(allocations).isGreaterThan(40);
        int failed = 0;
        for (int refused = 1; refused <= allocations; refused++) {
            CProgram.Result result = everything.with(environment, Integer.toString(refused));
            assertThat(result.code())
                    .as("allocation %d: %s", refused, result.stderr())
                    .isZero();
            assertThat(result.told()).as("allocation %d", refused).matches("(0 7|8 0|none 9 0) \\d+\n");
            assertThat(result.stderr().lines())
                    .as("allocation %d: %s", refused, result.stderr())
                    .hasSize(result.told().startsWith("0 ") ? 0 : 1)
                    .allMatch(line -> line.startsWith("vmette: "));
            failed += result.told().startsWith("0 ") ? 0 : 1;
        }
        assertThat(failed).isGreaterThan(40);
    }

    @Test
    void runsWhatItIsTold() throws Exception {
        Path root = HostRoots.busybox(in("root"), RuntimeSettings.load());
        Path work = Files.createDirectory(in("work"));
        Files.writeString(work.resolve("page"), "a page\n");
        Files.write(in("disk"), new byte[1 << 20]);
        CProgram driver = CProgram.compile(sandbox, "driver.c");
        CProgram.Result result = driver.run(
                "cd",
                sandbox.directory().toString(),
                "new",
                "",
                "",
                "rootfs",
                "root",
                "share",
                "work",
                "work",
                "env",
                "WORD",
                "gr\u00fcn",
                "env",
                "KEPT",
                "yes",
                "env",
                "KEPT",
                "NULL",
                "disk",
                "disk",
                "scratch",
                "64",
                "mem",
                "192",
                "vcpus",
                "2",
                "vsock",
                "0",
                "cmdline",
                "quiet probe.word=1",
                "exec",
                "echo $WORD $KEPT; cat /mnt/work/page; echo answer > /mnt/work/answer; touch /new && echo written;"
                        + " grep -o probe.word=1 /proc/cmdline; blockdev --getsize64 /dev/vda; [ $VMETTE_VSOCK_PORT -ge 50000 ] && echo port;"
                        + " ls /sys/block | grep -c vdb; echo oops >&2; exit 7",
                "run",
                // The same again, as the relative paths of a later working directory.
                "cd",
                Files.createDirectory(in("elsewhere")).toString(),
                "run",
                // A read-only root, a signal, a time that passes.
                "new",
                "",
                "",
                "rootfs-ro",
                root.toString(),
                "exec",
                "touch /new 2>/dev/null || echo read-only; kill -9 $$",
                "run",
                "timeout",
                "4",
                "exec",
                "sleep 1000",
                "run");
        assertThat(result.told()).isEqualTo("0 7\n1 -\n0 137\n0 124\n");
        assertThat(result.stdout())
                .isEqualTo("gr\u00fcn yes\na page\nwritten\nprobe.word=1\n1048576\nport\n1\nread-only\n");
        assertThat(result.stderr().lines().toList()).hasSize(2).element(0).isEqualTo("oops");
        assertThat(result.stderr()).contains(" = " + in("elsewhere") + "/");
        assertThat(work.resolve("answer")).hasContent("answer\n");
        assertThat(root.resolve("new")).doesNotExist();
        assertThat(result.code()).isZero();
    }

    @Test
    void runsAgainFromFourThreadsAtOnceAndNotInAForkedChild() throws Exception {
        CProgram.Result result = CProgram.compile(sandbox, "driver.c")
                .run(
                        "new",
                        "",
                        "",
                        "mem",
                        "128",
                        "exec",
                        "echo x; exit 3",
                        "run",
                        "run",
                        "run",
                        "threads",
                        "4",
                        "fork",
                        "exit",
                        "11");
        assertThat(result.told()).isEqualTo("0 3\n".repeat(7) + "8 -\nchild 0\n");
        assertThat(result.stdout()).isEqualTo("x\n".repeat(7));
        assertThat(result.stderr())
                .startsWith("vmette: this process was forked")
                .hasLineCount(1);
        assertThat(result.code()).isEqualTo(11);
    }

    @Test
    void everyStatusIsWhatItsNameSays() throws Exception {
        Files.write(in("garbage"), new byte[100_000]);
        Files.createDirectory(in("there"));
        Files.createDirectory(in("emptyroot"));
        CProgram driver = CProgram.compile(sandbox, "driver.c");
        String[] none = {"new", "", "", "exec", "true"};
        List<String> line = Stream.of(
                        Stream.of(none),
                        Stream.of("vcpus", "0", "run"),
                        Stream.of(none),
                        Stream.of("mem", "63", "run", "mem", "-1", "run"),
                        Stream.of(none),
                        Stream.of("env", "1X", "y", "run"),
                        Stream.of(none),
                        Stream.of("rootfs", "", "run"),
                        Stream.of(none),
                        Stream.of("guest-vsock", "-1", "run"),
                        // Nothing to run, since NULL clears; and nothing to run in what is restored.
                        Stream.of(none),
                        Stream.of("exec", "NULL", "run", "resume", in("there").toString(), "run"),
                        Stream.of("new", in("garbage").toString(), "", "exec", "true", "run"),
                        Stream.of(none),
                        Stream.of("resume", in("nothing").toString(), "run"),
                        Stream.of("new", "", "", "build", in("there").toString(), "run"),
                        Stream.of(
                                "new",
                                "",
                                "",
                                "rootfs",
                                in("emptyroot").toString(),
                                "build",
                                in("s").toString(),
                                "run"))
                .flatMap(words -> words)
                .toList();
        CProgram.Result result = driver.run(line.toArray(String[]::new));
        assertThat(result.told()).isEqualTo("1 -\n".repeat(8) + "1 -\n3 -\n4 -\n5 -\n");
        assertThat(result.stdout()).isEmpty();
        assertThat(result.stderr().lines()).hasSize(12).allMatch(said -> said.startsWith("vmette: "));

        CProgram.Result rebound = driver.run(
                "new",
                "",
                "",
                "exec",
                "cd /sys/bus/virtio/drivers/vmw_vsock_virtio_transport; d=$(echo virtio*);"
                        + " echo $d >unbind; echo $d >bind; sleep 1000",
                "run");
        assertThat(rebound.told()).as(rebound.stderr()).isEqualTo("7 -\n");
        assertThat(rebound.stderr()).contains("vsock driver was restarted");

        Files.writeString(in("impatient.conf"), "include \"vmette.conf\"\nvmette.boot.deadline = 1ms\n");
        Files.writeString(in("lost.conf"), "include \"vmette.conf\"\nvmette.qemu.binary = \"/bin/false\"\n");
        assertThat(driver.with(
                                Map.of("VMETTE_CONFIG", in("impatient.conf").toString()),
                                "new",
                                "",
                                "",
                                "exec",
                                "true",
                                "run")
                        .told())
                .isEqualTo("6 -\n");
        assertThat(driver.with(
                                Map.of("VMETTE_CONFIG", in("lost.conf").toString()),
                                "new",
                                "",
                                "",
                                "exec",
                                "true",
                                "run")
                        .told())
                .isEqualTo("2 -\n");
    }

    @Test
    void aJavaThatIsOfNoUseIsToldInOneLine() throws Exception {
        CProgram driver = CProgram.compile(sandbox, "driver.c");
        Path old = Files.createDirectories(in("java-11"));
        Files.writeString(old.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.2\"\n");
        for (Map.Entry<Map<String, String>, String> each : Map.of(
                        Map.of("VMETTE_JAVA_HOME", old.toString()), "is Java 11: 17 or later is needed",
                        Map.of("VMETTE_JAVA_HOME", in("none").toString()), "is no Java runtime",
                        // However many there are, the last is taken too.
                        Map.of("VMETTE_JAVA_OPTS", "-Dx=y ".repeat(200) + "-XX:NoSuchOption"), "did not start")
                .entrySet()) {
            CProgram.Result result = driver.with(each.getKey(), "new", "", "", "exec", "true", "run", "run");
            assertThat(result.told()).isEqualTo("8 -\n8 -\n");
            assertThat(result.stderr()).contains(each.getValue());
            assertThat(result.stderr().lines().filter(line -> line.startsWith("vmette: ")))
                    .hasSize(2);
        }
    }

    @Test
    void aSnapshotIsBuiltAndResumed() throws Exception {
        String path = in("snapshot").toString();
        CProgram.Result result = CProgram.compile(sandbox, "driver.c")
                .run(
                        "new",
                        "",
                        "",
                        "mem",
                        "128",
                        "build",
                        path,
                        "run", //
                        "new",
                        "",
                        "",
                        "mem",
                        "128",
                        "resume",
                        path,
                        "exec",
                        "echo $WORD; exit 6",
                        "env",
                        "WORD",
                        "resumed",
                        "run",
                        "run",
                        "guest-vsock",
                        "2000",
                        "run", //
                        "new",
                        "",
                        "",
                        "mem",
                        "160",
                        "resume",
                        path,
                        "exec",
                        "true",
                        "run");
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 0\n0 6\n0 6\n1 -\n3 -\n");
        assertThat(result.stdout()).isEqualTo("resumed\n".repeat(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ignore", "handle"})
    void whatIsTheCallersStaysTheCallers(String children) throws Exception {
        CProgram.Result result = CProgram.compile(sandbox, "survival.c").run(children);
        assertThat(result.stdout()).isEqualTo("0 differences\n");
    }

    @Test
    void nothingIsLeftOfAProcessThatIsKilled() throws Exception {
        CProgram driver = CProgram.compile(sandbox, "driver.c");
        Process process = driver.start(
                List.of(driver.path().toString(), "new", "", "", "mem", "128", "exec", "echo up; sleep 1000", "run"),
                Map.of(),
                "/dev/null");
        assertThat(Sandbox.waitFor(() -> {
                    try {
                        return driver.read("out").equals("up\n");
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }))
                .isTrue();
        process.destroyForcibly().waitFor();
    }

    @Test
    void joinsAJavaThatIsThere() throws Exception {
        Path jna;
        try (Stream<Path> jars = Files.list(CProgram.DIST.resolve("lib"))) {
            jna = jars.filter(jar -> jar.getFileName().toString().startsWith("jna-"))
                    .findFirst()
                    .orElseThrow();
        }
        CProgram.Result result = CProgram.compile(sandbox, "driver.c")
                .run(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-cp",
                                jna.toString(),
                                CProgram.SOURCES.resolve("Join.java").toString(),
                                CProgram.LIBRARY.toString()),
                        Map.of());
        assertThat(result.stdout()).as(result.stderr()).isEqualTo("joined\n0 9\n");
    }
}
