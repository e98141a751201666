package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.cli.Launched.Result;

/** The command line as whole processes, from the launcher script to the guest and back; nothing is left of any of them. */
class CliIT {
    private static final int INPUT_BYTES = 1 << 20;

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    @ParameterizedTest
    @CsvSource({"exit 42,42", "true,0", "kill -9 $$,137"})
    void theExitCodeIsTheCommands(String command, int code) {
        Result result = Launched.run(sandbox, "run", "--quiet", "--exec", command);
        assertThat(result.stderr()).isEmpty();
        assertThat(result.stdout()).isEmpty();
        assertThat(result.code()).isEqualTo(code);
    }

    @Test
    void aCommandThatIsNotThereIs127AndTheShellSaysSo() {
        Result result = Launched.run(sandbox, "run", "--quiet", "--exec", "no-such-command");
        assertThat(result.code()).isEqualTo(127);
        assertThat(result.stdout()).isEmpty();
        assertThat(result.stderr()).contains("no-such-command").hasLineCount(1);
    }

    @Test
    void anEmptyInputIsEndOfFile() {
        Result result = Launched.run(sandbox, "run", "--quiet", "--exec", "cat; echo over");
        assertThat(result.stdout()).isEqualTo("over\n");
        assertThat(result.code()).isZero();
    }

    @Test
    void theStreamsAreTheCommandsToTheByte() {
        byte[] input = new byte[INPUT_BYTES];
        new Random(7).nextBytes(input);
        Result result = Launched.start(
                        sandbox, Map.of(), input, "run", "--quiet", "--exec", "cat; printf 'err\\377' >&2; exit 3")
                .result();
        assertThat(result.stdout().equals(new String(input, StandardCharsets.ISO_8859_1)))
                .as("what was written came back")
                .isTrue();
        assertThat(result.stderr()).isEqualTo("err\u00ff");
        assertThat(result.code()).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"echo a,output", "seq 1 300000,output", "echo a >&2,error"})
    void outputThatCannotBeWrittenIsAFailure(String command, String which) throws Exception {
        Path err = sandbox.directory().resolve("err");
        ProcessBuilder builder = Launched.builder(sandbox, "run", "--quiet", "--exec", command)
                .redirectOutput(Path.of("/dev/full").toFile())
                .redirectError(
                        which.equals("output")
                                ? err.toFile()
                                : Path.of("/dev/full").toFile())
                .redirectInput(Path.of("/dev/null").toFile());
        Process run = builder.start();
        assertThat(run.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(run.exitValue()).isEqualTo(1);
        if (which.equals("output")) {
            assertThat(err)
                    .hasContent(
                            "vmette: cannot write what the command wrote to standard output: No space left on device;"
                                    + " some of it is lost\n");
        }
    }

    @Test
    void optionsReachTheGuestAndNoticesGoToStandardError() {
        Result result = Launched.run(
                sandbox,
                "--vcpus",
                "2",
                "--mem-mib",
                "256",
                "--env",
                "COLOUR=deep red=1",
                "--env",
                "EMPTY=",
                "--cmdline",
                "quiet probe.word=1",
                "--vsock-port",
                "0",
                "--exec",
                "nproc; echo \"$COLOUR [$EMPTY]\"; cat /proc/cmdline; echo $VMETTE_VSOCK_PORT;"
                        + " sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo");
        assertThat(result.code()).isZero();
        List<String> lines = result.stdout().lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).isEqualTo("2");
        assertThat(lines.get(1)).isEqualTo("deep red=1 []");
        assertThat(lines.get(2)).startsWith("quiet probe.word=1 console=").contains(" rdinit=/vmette/agent");
        assertThat(Integer.parseInt(lines.get(3))).isBetween(50000, 59999);
        assertThat(Integer.parseInt(lines.get(4)) >> 10).isBetween(160, 256);
        assertThat(result.stderr().lines()).allMatch(line -> line.startsWith("vmette: "));
    }

    @ParameterizedTest
    @CsvSource({"7777,[7777]", "-1,[]"})
    void theGuestIsToldItsVsockPort(String port, String told) {
        Result result = Launched.run(
                sandbox, "run", "--quiet", "--vsock-port", port, "--exec", "echo \"[$VMETTE_VSOCK_PORT]\"");
        assertThat(result.stdout()).isEqualTo(told + "\n");
        assertThat(result.code()).isZero();
    }

    @Test
    void theTimeoutCountsFromLaunchAndIs124() {
        long begun = System.nanoTime();
        Result result = Launched.run(sandbox, "run", "--quiet", "--timeout", "5", "--exec", "sleep 60");
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(Duration.ofSeconds(5));
        assertThat(result.code()).isEqualTo(124);
        assertThat(result.stderr()).isEmpty();
    }

    @Test
    void quickstartShowsAVm() {
        Result result = Launched.run(sandbox, "quickstart", "--quiet");
        assertThat(result.code()).isZero();
        assertThat(result.stdout())
                .containsPattern("(?m)^Linux .* x86_64")
                .containsPattern("(?m)^memory +[0-9]+ MiB$")
                .containsPattern("(?m)^booted in +[0-9.]+ s \\([0-9.]+ s of it the guest's\\)$");
        assertThat(result.stderr()).isEmpty();
    }

    @Test
    void theLauncherPassesEverythingOn() {
        Result result = Launched.run(sandbox, "run", "--version");
        assertThat(result.stdout()).startsWith("vmette ");
        assertThat(result.stderr()).isEmpty();
        assertThat(result.code()).isZero();
    }

    /** A run that is killed would leave it behind. The root is made before the kernel is looked for. */
    @Test
    void theLibraryThatUnpacksZstdNeedsNoPlaceInTheTemporaryDirectory() throws Exception {
        try (Sandbox own = Sandbox.create("vmette.cache-dir = \"{dir}/cache\"")) {
            Path plain = own.directory().resolve("root.tar");
            Process tar = new ProcessBuilder(
                            "tar", "-C", own.directory().toString(), "-cf", plain.toString(), "vmette.conf")
                    .inheritIO()
                    .start();
            assertThat(tar.waitFor()).isZero();
            Path archive = own.directory().resolve("root.tar.zst");
            Files.write(archive, Zstd.compress(Files.readAllBytes(plain)));
            Path nowhere = own.directory().resolve("nowhere");
            Map<String, String> environment = Map.of("VMETTE_JAVA_OPTS", "-Djava.io.tmpdir=" + nowhere);
            String root = "tar+file://" + archive;
            Result result = Launched.start(
                            own,
                            environment,
                            new byte[0],
                            "run",
                            "--rootfs",
                            root,
                            "--kernel",
                            "/nonexistent",
                            "--exec",
                            "true")
                    .result();
            assertThat(result.stderr())
                    .contains("making an image of " + archive)
                    .contains("does not exist: check the path given with --kernel");
            assertThat(own.directory().resolve("cache/images"))
                    .isDirectoryContaining(file -> file.toString().endsWith(".squashfs"));
            assertThat(nowhere).doesNotExist();
            own.assertNothingLeft();
        }
    }

    @Test
    void aReaderThatLeavesEndsTheCommandQuietly() throws Exception {
        Path err = sandbox.directory().resolve("err");
        Process process = Launched.builder(sandbox, "run", "--quiet", "--exec", "yes")
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectError(err.toFile())
                .start();
        try (BufferedReader reader = process.inputReader()) {
            assertThat(reader.readLine()).isEqualTo("y");
        }
        assertThat(process.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("128 + SIGPIPE, in the guest").isEqualTo(141);
        assertThat(Files.readString(err)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "INT,true,command,130",
        "TERM,false,command,143",
        "KILL,false,command,137",
        "INT,true,boot,130",
        "TERM,false,boot,143",
        "KILL,false,boot,137"
    })
    void aSignalLeavesNothingBehind(String signal, boolean group, String moment, int code) {
        Launched run = Launched.start(sandbox, "run", "--quiet", "--exec", "echo up; sleep 1000");
        if (moment.equals("command")) {
            run.awaitOutput("up\n");
        } else {
            assertThat(Sandbox.waitFor(() -> !sandbox.emulators().isEmpty())).isTrue();
        }
        run.signal(signal, group);
        Result result = run.result();
        assertThat(result.code()).isEqualTo(code);
        assertThat(result.stderr()).isEmpty();
    }
}
