package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.cli.Launched.Result;

/** What whole processes tell people and programs, and take from the environment. */
class ToldIT {
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    @Test
    void theLastLineOfStandardErrorIsVmettesWhateverTheGuestLeftThere() throws IOException {
        Result result = Launched.run(
                sandbox,
                "run",
                "--json",
                "--exec",
                "echo out; printf '{\"event\":\"exited\",\"exitCode\":0}\\nunfinished' >&2; exit 4");
        assertThat(result.stdout()).isEqualTo("out\n");
        assertThat(result.code()).isEqualTo(4);
        List<String> lines = result.stderr().lines().toList();
        assertThat(lines.get(lines.size() - 2)).isEqualTo("unfinished");
        assertThat(lines.get(lines.size() - 1))
                .isEqualTo("{\"event\":\"exited\",\"reason\":\"exited\",\"exitCode\":4,\"oomKilled\":false}");
        assertThat(result.stderr()).endsWith("\n");
        for (String notice : lines.subList(0, lines.size() - 3)) {
            assertThat(JSON.readTree(notice).path("event").asText()).isEqualTo("notice");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--exec 'kill -9 $$' | exited | signalled | 137",
                "--exec 'sleep 1000' --timeout 5 | exited | timed-out | 124",
                "--exec true --kernel {dir}/missing | failed | INVALID_CONFIG | 2",
                "--exec true --rootfs-ro | failed | INVALID_CONFIG | 2",
                "--exec true --rootfs {dir} --rootfs-ro --switch-root | failed | INVALID_CONFIG | 2",
                "--exec true --rootfs {dir} --rootfs-ro --scratch 1G | failed | INVALID_CONFIG | 2",
                "--exec 'echo c > /proc/sysrq-trigger' | failed | IO | 1",
            })
    void aDescriptorIsToldHowItEndedAndStandardErrorIsForPeople(String options, String event, String reason, int code)
            throws Exception {
        Path status = sandbox.directory().resolve("status");
        ProcessBuilder run = Launched.builder(sandbox, "run", "--quiet", "--status-fd", "3");
        List<String> command = new ArrayList<>(
                List.of("/bin/sh", "-c", "exec \"$@\" " + sandbox.resolved(options) + " 3>\"$0\"", status.toString()));
        command.addAll(run.command());
        run.command(command);
        Path err = sandbox.directory().resolve("err");
        Process process = run.redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(code);
        assertThat(Files.readString(status)).hasLineCount(1).endsWith("\n");
        JsonNode told = JSON.readTree(status.toFile());
        assertThat(told.path("event").asText()).isEqualTo(event);
        assertThat(told.path("exitCode").asInt()).isEqualTo(code);
        assertThat(told.path(event.equals("failed") ? "status" : "reason").asText())
                .isEqualTo(reason);
        assertThat(Files.readString(err)).doesNotContain("\"event\"", "\tat ");
        if (event.equals("failed")) {
            assertThat(Files.readString(err))
                    .contains(told.path("message").asText().lines().findFirst().orElseThrow());
        }
    }

    @Test
    void variablesReachTheGuestAndFlagsGoOverThem() {
        Map<String, String> environment = Map.of(
                "VMETTE_MEM_MIB",
                "128",
                "VMETTE_VCPUS",
                "many",
                "VMETTE_ENV",
                "A=one\nB=two words",
                "VMETTE_QUIET",
                "true",
                "VMETTE_EXEC",
                "nproc; echo $A $B; sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo");
        Result result = Launched.start(sandbox, environment, new byte[0], "run", "--vcpus", "2", "--env", "A=flag")
                .result();
        assertThat(result.stderr()).isEmpty();
        List<String> lines = result.stdout().lines().toList();
        assertThat(lines.subList(0, 2)).containsExactly("2", "flag two words");
        assertThat(Integer.parseInt(lines.get(2)) >> 10).isBetween(64, 128);
    }

    @Test
    void verboseSaysWhatHappensAndDebugEverythingAndQuietNothing() {
        Result verbose = Launched.run(sandbox, "run", "-v", "--exec", "true");
        assertThat(verbose.stderr())
                .contains("vmette: a VM of 1 vcpus, 512 MiB, root the initramfs\n")
                .contains("vmette: the command exited with status 0, ")
                .doesNotContain("DEBUG");
        Result debug = Launched.run(sandbox, "run", "--debug", "--exec", "true");
        assertThat(debug.stderr()).contains(" DEBUG ");
        Result quiet = Launched.run(sandbox, "run", "--quiet", "--exec", "true");
        assertThat(quiet.stderr()).isEmpty();
    }

    @Test
    void listingsAndCompletionAreWhatTheySay() throws IOException {
        Result info = Launched.run(sandbox, "info", "--json");
        assertThat(info.stderr()).isEmpty();
        assertThat(info.code()).isZero();
        JsonNode shown = JSON.readTree(info.stdout());
        assertThat(shown.path("config").asText()).isEqualTo(sandbox.config().toString());
        assertThat(shown.path("runtimeDir").asText())
                .isEqualTo(sandbox.directory().resolve("run").toString());
        assertThat(shown.path("changed")).hasSize(1);

        Result quickstart = Launched.run(sandbox, "quickstart", "--json", "--quiet");
        assertThat(quickstart.stderr()).isEmpty();
        assertThat(JSON.readTree(quickstart.stdout()).path("uname").asText()).startsWith("Linux ");
        assertThat(JSON.readTree(quickstart.stdout()).path("bootMillis").asLong())
                .isPositive();

        Result providers = Launched.run(sandbox, "providers", "--json");
        assertThat(providers.stderr()).isEmpty();
        assertThat(JSON.readTree(providers.stdout())
                        .path("vmm")
                        .path(0)
                        .path("binary")
                        .asText())
                .endsWith("qemu-system-x86_64");

        Result completion = Launched.run(sandbox, "completion", "bash");
        assertThat(completion.stderr()).isEmpty();
        assertThat(completion.stdout()).startsWith("#!/usr/bin/env bash").contains("--rootfs-ro");
    }
}
