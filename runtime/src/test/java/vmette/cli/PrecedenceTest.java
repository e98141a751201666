package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import vmette.config.PublishedPort;
import vmette.config.Share;
import vmette.config.VmSpec;

/** Flag over environment over file over default, and what the environment may say. */
class PrecedenceTest {
    @TempDir
    private Path directory;

    /** The same setting in its three places, with three values, and what a specification makes of each and of none. */
    private record Row(
            String flag,
            String variable,
            String setting,
            Function<VmSpec, Object> read,
            Object fromFlag,
            Object fromVariable,
            Object fromFile,
            Object byDefault) {
        @Override
        public String toString() {
            return flag;
        }
    }

    static Stream<Row> settings() {
        return Stream.of(
                new Row("--vcpus=4", "VMETTE_VCPUS=3", "vcpus = 2", VmSpec::vcpus, 4, 3, 2, 1),
                new Row(
                        "--mem-mib=4096",
                        "VMETTE_MEM_MIB=2048",
                        "memory = 1GiB",
                        VmSpec::memoryMib,
                        4096L,
                        2048L,
                        1024L,
                        512L),
                new Row(
                        "--timeout=4",
                        "VMETTE_TIMEOUT=3",
                        "timeout = 2s",
                        VmSpec::timeout,
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(2),
                        Duration.ZERO),
                new Row(
                        "--kernel=/flag",
                        "VMETTE_KERNEL=/variable",
                        "kernel = /file",
                        VmSpec::kernel,
                        Optional.of(Path.of("/flag")),
                        Optional.of(Path.of("/variable")),
                        Optional.of(Path.of("/file")),
                        Optional.empty()),
                new Row(
                        "--ca-certs=/flag",
                        "VMETTE_CA_CERTS=/variable",
                        "ca-certs = /file",
                        VmSpec::caCerts,
                        Optional.of(Path.of("/flag")),
                        Optional.of(Path.of("/variable")),
                        Optional.of(Path.of("/file")),
                        Optional.empty()),
                texts("--exec=flag", "VMETTE_EXEC=variable", "exec = file", VmSpec::exec),
                texts("--cmdline=flag", "VMETTE_CMDLINE=variable", "cmdline = file", VmSpec::cmdline),
                texts("--rootfs=flag", "VMETTE_ROOTFS=variable", "rootfs = file", spec -> spec.storage()
                        .rootfs()),
                new Row(
                        "--scratch=4G",
                        "VMETTE_SCRATCH=3072",
                        "scratch = 2GiB",
                        spec -> spec.storage().scratchMib(),
                        4096L,
                        3072L,
                        2048L,
                        0L),
                new Row(
                        "--disk=/flag",
                        "VMETTE_DISK=/variable\n/variable too",
                        "disks = [/file]",
                        spec -> spec.storage().disks(),
                        List.of(Path.of("/flag")),
                        List.of(Path.of("/variable"), Path.of("/variable too")),
                        List.of(Path.of("/file")),
                        List.of()),
                new Row(
                        "--share=a=/flag",
                        "VMETTE_SHARE=a=/variable\nb=/two",
                        "shares = [\"a=/file\"]",
                        spec -> spec.storage().shares(),
                        List.of(new Share("a", Path.of("/flag"), false)),
                        List.of(new Share("a", Path.of("/variable"), false), new Share("b", Path.of("/two"), false)),
                        List.of(new Share("a", Path.of("/file"), false)),
                        List.of()),
                new Row(
                        "--build-snapshot=/flag",
                        "VMETTE_BUILD_SNAPSHOT=/variable",
                        "build-snapshot = /file",
                        spec -> spec.snapshots().build(),
                        Optional.of(Path.of("/flag")),
                        Optional.of(Path.of("/variable")),
                        Optional.of(Path.of("/file")),
                        Optional.empty()),
                new Row(
                        "--resume-snapshot=/flag",
                        "VMETTE_RESUME_SNAPSHOT=/variable",
                        "exec = x, resume-snapshot = /file",
                        spec -> spec.snapshots().resume(),
                        Optional.of(Path.of("/flag")),
                        Optional.of(Path.of("/variable")),
                        Optional.of(Path.of("/file")),
                        Optional.empty()),
                new Row(
                        "--guest-vsock-port=4",
                        "VMETTE_GUEST_VSOCK_PORT=3",
                        "guest-vsock-port = 2",
                        spec -> spec.snapshots().guestVsockPort(),
                        4,
                        3,
                        2,
                        1025),
                texts(
                        "--warm-up=flag",
                        "VMETTE_WARM_UP=variable",
                        "build-snapshot = /file, snapshot.warm-up = file",
                        spec -> spec.snapshots().warmUp()),
                new Row(
                        "--no-saveable",
                        "VMETTE_SAVEABLE=true",
                        "snapshot.saveable = true",
                        spec -> spec.snapshots().saveable(),
                        false,
                        true,
                        true,
                        false),
                new Row(
                        "--publish=4:4",
                        "VMETTE_PUBLISH=3:3",
                        "publish = [\"2:2\"]",
                        VmSpec::publish,
                        List.of(new PublishedPort(4, 4)),
                        List.of(new PublishedPort(3, 3)),
                        List.of(new PublishedPort(2, 2)),
                        List.of()),
                new Row(
                        "--env=A=flag",
                        "VMETTE_ENV=A=variable\nB=variable=too",
                        "env { A = file, B = file, C = file }",
                        VmSpec::env,
                        Map.of("A", "flag", "B", "variable=too", "C", "file"),
                        Map.of("A", "variable", "B", "variable=too", "C", "file"),
                        Map.of("A", "file", "B", "file", "C", "file"),
                        Map.of()));
    }

    private static Row texts(String flag, String variable, String setting, Function<VmSpec, Object> read) {
        return new Row(
                flag,
                variable,
                setting,
                read,
                Optional.of("flag"),
                Optional.of("variable"),
                Optional.of("file"),
                Optional.empty());
    }

    @ParameterizedTest
    @MethodSource("settings")
    void aFlagGoesOverAVariableOverAFileOverTheDefault(Row row) throws IOException {
        Map<String, String> environment =
                Map.of(row.variable().split("=", 2)[0], row.variable().split("=", 2)[1]);
        assertThat(row.read().apply(spec(environment, row.setting(), row.flag())))
                .isEqualTo(row.fromFlag());
        assertThat(row.read().apply(spec(environment, row.setting()))).isEqualTo(row.fromVariable());
        assertThat(row.read().apply(spec(Map.of(), row.setting()))).isEqualTo(row.fromFile());
        assertThat(row.read().apply(spec(Map.of(), ""))).isEqualTo(row.byDefault());
    }

    static Stream<Arguments> switches() {
        return Stream.of("rootfs-ro", "switch-root", "rootfs-image")
                .flatMap(name -> Stream.of(
                        Arguments.of(name, "", "", "", false),
                        Arguments.of(name, "", "", "true", true),
                        Arguments.of(name, "", "false", "true", false),
                        Arguments.of(name, "", "TRUE", "false", true),
                        Arguments.of(name, "--no-", "true", "true", false),
                        Arguments.of(name, "--", "true", "true", true),
                        Arguments.of(name, "--", "false", "false", true),
                        Arguments.of(name, "--", "", "", true)));
    }

    @ParameterizedTest
    @MethodSource("switches")
    void aSwitchIsTurnedOffAsWellAsOn(String name, String flag, String variable, String setting, boolean on)
            throws IOException {
        String key = name.equals("rootfs-ro") ? "rootfs-read-only" : name;
        VmSpec spec = spec(
                Map.of(Variables.name("--" + name), variable, "VMETTE_EXEC", ""),
                "rootfs = /" + (setting.isEmpty() ? "" : ", " + key + " = " + setting),
                flag.isEmpty() ? new String[0] : new String[] {flag + name});
        assertThat(
                        switch (name) {
                            case "rootfs-ro" -> spec.storage().rootfsReadOnly();
                            case "switch-root" -> spec.storage().switchRoot();
                            default -> spec.storage().rootfsImage();
                        })
                .isEqualTo(on);
    }

    @Test
    void sharesOfEitherKindTakeThePlaceOfAllThatAreConfigured() throws IOException {
        assertThat(spec(Map.of(), "shares = [\"a=/file\"], shares-read-only = [\"b=/file\"]", "--share-ro=b=/flag")
                        .storage()
                        .shares())
                .containsExactly(new Share("b", Path.of("/flag"), true));
    }

    @Test
    void aVariableNamesTheConfiguration() throws IOException {
        Path file = Files.writeString(directory.resolve("other.conf"), "vmette.vm.vcpus = 7");
        CommandLine.ParseResult parsed = Main.commandLine(Map.of("VMETTE_CONFIG", file.toString()), "run")
                .parseArgs("run");
        RunOptions options = ((RunCommand) parsed.subcommand().commandSpec().userObject()).options();
        assertThat(options.spec(options.settings().vm()).vcpus()).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "VMETTE_VCPUS=many | VMETTE_VCPUS expects a number, not 'many'",
                "VMETTE_VCPUS=0 | vcpus = 0 is refused: allowed is 1 to 255 (from the environment: VMETTE_VCPUS)",
                "VMETTE_TIMEOUT=5s | VMETTE_TIMEOUT expects a number without a unit, not '5s'",
                "VMETTE_SCRATCH=much | VMETTE_SCRATCH expects a size such as 8G or 512M, or a number of MiB, not 'much'",
                "VMETTE_ROOTFS_RO=1 | VMETTE_ROOTFS_RO expects true or false, not '1'",
                "VMETTE_ROOTFS_RO=true | --rootfs-ro needs a root file system: give one with --rootfs SPEC (from the environment: VMETTE_ROOTFS_RO)",
                "VMETTE_QUIET=yes | VMETTE_QUIET expects true or false, not 'yes'",
                "VMETTE_ENV=X | VMETTE_ENV expects KEY=VALUE in each line, not 'X'",
                "VMETTE_PUBLISH=80 | publish = 80 is refused: allowed is HOST:GUEST",
                "VMETTE_SCRATCH=3 | scratch = 3 MiB is refused: allowed is 0 (in memory) or at least 16 MiB (from the environment: VMETTE_SCRATCH)",
                "VMETTE_SHARE=x | share = x is refused: allowed is TAG=PATH",
                "VMETTE_CONFIG=/nonexistent/vmette.conf | the configuration /nonexistent/vmette.conf does not exist: --config takes a HOCON file (from the environment: VMETTE_CONFIG)",
                // what must be meant for one of ours
                "VMETTE_MEM_MB=64 | the environment has VMETTE_MEM_MB, which is nothing to vmette; the nearest one is VMETTE_MEM_MIB",
                "VMETTE_ROOTFS_R0=true | the environment has VMETTE_ROOTFS_R0, which is nothing to vmette; the nearest one is VMETTE_ROOTFS_RO",
                "VMETTE_TIMEOUTS=3 | the environment has VMETTE_TIMEOUTS, which is nothing to vmette; the nearest one is VMETTE_TIMEOUT",
            })
    void whatAVariableSaysIsRefusedByItsName(String variable, String message) {
        StringWriter err = new StringWriter();
        String[] pair = variable.split("=", 2);
        String[] arguments = {"run", "--exec", "true"};
        int code = Main.commandLine(Map.of(pair[0], pair[1]), arguments)
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertThat(err.toString()).startsWith("vmette: " + message);
        assertThat(err.toString()).as("the variable's name").contains(pair[0]);
        assertThat(code).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "VMETTE_BUILD=never",
                "VMETTE_CDS=off",
                "VMETTE_LOG=info",
                "VMETTE_JAVA_OPTS=-Xmx1g",
                "VMETTE_CHECK_SECONDS=9",
                "VMETTE_VSOCK_PORT=none",
                "VMETTE_OCI_TOKEN=x",
                "VMETTE_OCI_AUTH_REGISTRY=a:b",
                "VMETTE_HOME=/elsewhere",
                "VMETTE_KEEP_SETUID=perhaps",
                "VMETTE_VCPUS=",
                "vmette_vcpus=many",
            })
    void whatIsForOthersIsLeftAlone(String variable) throws IOException {
        String[] pair = variable.split("=", 2);
        assertThat(spec(Map.of(pair[0], pair[1]), ""))
                .isEqualTo(VmSpec.builder().build());
        StringWriter err = new StringWriter();
        String[] arguments = {"run", "--exec", "true", "--config", "/nonexistent"};
        Main.commandLine(Map.of(pair[0], pair[1]), arguments)
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertThat(err.toString()).startsWith("vmette: the configuration /nonexistent does not exist");
    }

    @Test
    void aVariableOfAnOptionThatIsGivenIsNotEvenRead() throws IOException {
        assertThat(spec(Map.of("VMETTE_VCPUS", "many"), "", "--vcpus", "2").vcpus())
                .isEqualTo(2);
        assertThat(spec(Map.of("VMETTE_VCPUS", "many"), "", "--vcpus=3").vcpus())
                .isEqualTo(3);
    }

    @Test
    void aFlagThatSaysTheOppositeSilencesAVariable() {
        String[] arguments = {"info", "--quiet"};
        assertThat(Main.commandLine(Map.of("VMETTE_VERBOSE", "true"), arguments)
                        .setOut(new PrintWriter(new StringWriter()))
                        .execute(arguments))
                .isZero();
        StringWriter err = new StringWriter();
        assertThat(Main.commandLine(Map.of("VMETTE_VERBOSE", "true", "VMETTE_QUIET", "true"), "info")
                        .setErr(new PrintWriter(err))
                        .execute("info"))
                .isEqualTo(2);
        assertThat(err.toString())
                .startsWith("vmette: --quiet and --verbose contradict each other: leave one of them out"
                        + " (from the environment: VMETTE_QUIET, VMETTE_VERBOSE)");
    }

    @Test
    void everyOptionOfARunHasAVariableNamedAfterItButThoseThatAskForOneThingOnce() {
        CommandLine run = Main.commandLine().getSubcommands().get("run");
        assertThat(run.getCommandSpec().options().stream()
                        .filter(option -> Variables.of(option).isEmpty())
                        .map(CommandLine.Model.OptionSpec::longestName))
                .containsExactlyInAnyOrder("--help", "--version", "--json", "--pool", "--status-fd", "--vsock-port");
        assertThat(Variables.name("--mem-mib")).isEqualTo("VMETTE_MEM_MIB");
    }

    private VmSpec spec(Map<String, String> environment, String settings, String... flags) throws IOException {
        Path file = Files.writeString(directory.resolve("vmette.conf"), "vmette.vm { " + settings + " }");
        List<String> arguments = new ArrayList<>(List.of("run", "--config", file.toString()));
        arguments.addAll(List.of(flags));
        String[] words = arguments.toArray(String[]::new);
        CommandLine.ParseResult parsed = Main.commandLine(environment, words).parseArgs(words);
        RunOptions options = ((RunCommand) parsed.subcommand().commandSpec().userObject()).options();
        return options.spec(options.settings().vm());
    }
}
