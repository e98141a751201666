package vmette.cli;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.PublishedPort;
import vmette.config.RuntimeSettings;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;

/** Each situation of docs/failures.md, through the Java API and the command line; nothing is left of any. */
class FailuresIT {
    /**
     * How to bring a situation about.
     *
     * @param settings HOCON
     * @param options of {@code vmette run}, in pairs
     */
    private record Scenario(String settings, List<String> options) {}

    private static final Map<String, Scenario> SCENARIOS = Map.ofEntries(
            run("the kernel does not exist", "--kernel", "{dir}/missing"),
            run("the kernel is a directory", "--kernel", "{dir}"),
            run("the kernel is some other file", "--kernel", "{dir}/text"),
            run("the initramfs does not exist", "--initramfs", "{dir}/missing"),
            run("the initramfs is a directory", "--initramfs", "{dir}"),
            run("the initramfs is some other file", "--initramfs", "{dir}/text"),
            run("modules without their kernel", "--modules", "{dir}"),
            run("the modules' directory does not exist", "--kernel", "{kernel}", "--modules", "{dir}/missing"),
            run("no virtual processor", "--vcpus", "0"),
            run("1 MiB of memory", "--mem-mib", "1"),
            run("more memory than the host has", "--mem-mib", "1000000000"),
            run("a negative timeout", "--timeout", "-1"),
            run("a timeout of millions of years", "--timeout", "99999999999999"),
            run("an environment variable without a name", "--env", "=x"),
            run("a kernel command line with an unpaired quote", "--cmdline", "quiet word=\"one two"),
            run("a kernel command line of two lines", "--cmdline", "quiet\nsplash"),
            run("a published port that is no pair", "--publish", "8080"),
            run("a host port published twice", "--publish", "8080:80", "--publish", "8080:81"),
            run("a published host port that is taken", "--publish", "{taken}:80"),
            run("a share that is no pair", "--share", "work"),
            run("two shares of one tag", "--share", "work=/", "--share", "work=/tmp"),
            run("a share with the reserved tag", "--share", "ctl=/"),
            run("certificates in a directory that does not exist", "--ca-certs", "{dir}/missing"),
            run("a directory without certificates", "--ca-certs", "{dir}"),
            run("a scratch disk of 1 MiB", "--scratch", "1"),
            set("a setting of the wrong type", "vmette.vm.vcpus = many"),
            set("a port that is none", "vmette.vm.vsock-port = none"),
            set("a setting that does not exist", "vmette.boot.dedline = 5s"),
            set("a configuration with an open brace", "vmette { boot {"),
            set("a runtime directory that does not exist", "vmette.runtime-dir = \"{dir}/missing\""),
            set("a cache directory that cannot be made", "vmette.cache-dir = \"{dir}/text/cache\""),
            set("no QEMU where vmette.qemu.binary says", "vmette.qemu.binary = \"{dir}/missing\""),
            set("a QEMU that is another program", "vmette.qemu.binary = /bin/false"),
            set("a QEMU that never answers", "vmette.qemu { binary = \"{dir}/mute-qemu\", start-timeout = 300ms }"),
            set("a guest that is not ready in time", "vmette.boot.deadline = 100ms"),
            run("too little memory for this kernel", "--mem-mib", "64"),
            run("an initramfs that the kernel cannot unpack", "--initramfs", "{dir}/broken.gz"),
            run("a kernel without vsock", "--kernel", "{kernel}"),
            run("a guest without /bin/sh", "--initramfs", "{dir}/empty.cpio"),
            run("the guest's kernel panics under a command", "--exec", "echo c > /proc/sysrq-trigger"),
            run("the guest powers itself off under a command", "--exec", "poweroff -f; sleep 1000"),
            run("QEMU is killed under a command", "--exec", "echo up; sleep 1000"));

    /** A newc archive, cpio(5), of nothing but its trailer. */
    static final String EMPTY_ARCHIVE = "070701" + "00000000".repeat(4) + "00000001" + "00000000".repeat(6) + "0000000b"
            + "00000000" + "TRAILER!!!\0\0\0\0";

    private static Path kernel;
    private static ServerSocket taken;

    private final PrintStream stdout = System.out;
    private Sandbox sandbox;

    private static Map.Entry<String, Scenario> run(String situation, String... options) {
        return entry(situation, new Scenario("", List.of(options)));
    }

    private static Map.Entry<String, Scenario> set(String situation, String settings) {
        return entry(situation, new Scenario(settings, List.of()));
    }

    @BeforeAll
    static void findKernel() {
        kernel = GuestAssets.in(RuntimeSettings.load().cacheDir(), GuestAgent.fromClasspath())
                .prepare(line -> {})
                .kernel();
    }

    @BeforeAll
    static void takePort() throws IOException {
        taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterAll
    static void leavePort() throws IOException {
        taken.close();
    }

    @AfterEach
    void restore() throws IOException {
        System.setOut(stdout);
        System.clearProperty("config.file");
        ConfigFactory.invalidateCaches();
        if (sandbox != null) {
            sandbox.close();
        }
    }

    static Stream<Arguments> situations() {
        return FailuresPage.table("Situations").stream()
                .map(row -> Arguments.of(row.get(0), row.get(1), Status.valueOf(row.get(2)), row.get(3), row.get(4)));
    }

    @Test
    void everySituationIsDescribedAndEveryDescriptionTried() {
        assertThat(FailuresPage.table("Situations").stream().map(row -> row.get(0)))
                .containsExactlyInAnyOrderElementsOf(SCENARIOS.keySet());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void situations(String situation, String exception, Status status, int code, String message) throws Exception {
        Scenario scenario = SCENARIOS.get(situation);
        prepare(scenario);
        List<String> options = scenario.options().stream()
                .map(option -> sandbox.resolved(option)
                        .replace("{kernel}", kernel.toString())
                        .replace("{taken}", Integer.toString(taken.getLocalPort())))
                .toList();

        onFirstOutput(situation.startsWith("QEMU is killed"));
        assertThat(catchThrowable(() -> callApi(options)))
                .isInstanceOf(VmetteException.class)
                .hasMessageContaining(message)
                .satisfies(thrown -> {
                    assertThat(thrown.getClass().getSimpleName()).isEqualTo(exception);
                    assertThat(((VmetteException) thrown).status()).isEqualTo(status);
                });
        sandbox.assertNothingLeft();

        Launched.Result result = launch(options, situation.startsWith("QEMU is killed"));
        assertThat(result.stderr()).startsWith("vmette: ").contains(message).doesNotContain("\tat ");
        assertThat(result.stderr().lines().takeWhile(line -> !line.equals("last console lines:")))
                .hasSizeBetween(1, 2);
        assertThat(result.code()).isEqualTo(code);
        sandbox.assertNothingLeft();
    }

    private Launched.Result launch(List<String> options, boolean kill) {
        List<String> arguments = new ArrayList<>(List.of("run", "--quiet"));
        arguments.addAll(options);
        if (!options.contains("--exec")) {
            arguments.addAll(List.of("--exec", "true"));
        }
        Launched run = Launched.start(sandbox, arguments.toArray(String[]::new));
        if (kill) {
            run.awaitOutput("up\n");
            sandbox.emulators().forEach(ProcessHandle::destroyForcibly);
        }
        return run.result();
    }

    private void prepare(Scenario scenario) throws IOException {
        sandbox = Sandbox.create(scenario.settings());
        Path directory = sandbox.directory();
        Files.writeString(directory.resolve("text"), "neither a kernel nor an initramfs\n".repeat(100));
        Files.writeString(directory.resolve("empty.cpio"), EMPTY_ARCHIVE, StandardCharsets.US_ASCII);
        Files.write(directory.resolve("broken.gz"), HexFormat.of().parseHex("1f8b0800".repeat(64)));
        // It keeps our path among its arguments.
        Files.writeString(directory.resolve("mute-qemu"), sandbox.resolved("#!/bin/sh\nexec tail -f {dir}/text\n"));
        Files.setPosixFilePermissions(directory.resolve("mute-qemu"), PosixFilePermissions.fromString("rwx------"));
        System.setProperty("config.file", sandbox.config().toString());
        ConfigFactory.invalidateCaches();
    }

    /** Lets the emulator be killed, or nothing happen, when the command has written something. */
    private void onFirstOutput(boolean kill) {
        OutputStream watched = new ByteArrayOutputStream() {
            @Override
            public synchronized void write(byte[] bytes, int offset, int length) {
                super.write(bytes, offset, length);
                if (kill) {
                    sandbox.emulators().forEach(ProcessHandle::destroyForcibly);
                }
            }
        };
        System.setOut(new PrintStream(watched, true, StandardCharsets.UTF_8));
    }

    private static void callApi(List<String> options) throws Exception {
        RuntimeSettings settings = RuntimeSettings.load();
        VmSpecBuilder builder = settings.vm().toBuilder().exec("true");
        for (Iterator<String> words = options.iterator(); words.hasNext(); ) {
            apply(builder, words.next(), words.next());
        }
        VmSpec spec = builder.build();
        try (Vmette vmette = Vmette.create(settings)) {
            vmette.run(spec, RunStreams.inherited())
                    .toCompletableFuture()
                    .orTimeout(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof VmetteException known ? known : e;
        }
    }

    private static void apply(VmSpecBuilder builder, String option, String value) {
        switch (option) {
            case "--kernel" -> builder.kernel(Path.of(value));
            case "--initramfs" -> builder.initramfs(Path.of(value));
            case "--modules" -> builder.modules(Path.of(value));
            case "--cmdline" -> builder.cmdline(value);
            case "--exec" -> builder.exec(value);
            case "--env" -> builder.env(value.split("=", 2)[0], value.split("=", 2)[1]);
            case "--publish" -> builder.publish(PublishedPort.parse(value));
            case "--share" -> builder.share(Share.parse(value, false));
            case "--ca-certs" -> builder.caCerts(Path.of(value));
            case "--scratch" -> builder.scratchMib(Long.parseLong(value));
            case "--vcpus" -> builder.vcpus(Integer.parseInt(value));
            case "--mem-mib" -> builder.memoryMib(Long.parseLong(value));
            case "--timeout" -> builder.timeout(Duration.ofSeconds(Long.parseLong(value)));
            default -> throw new IllegalArgumentException(option);
        }
    }

    @Test
    void withoutQemuOnThePathTheMessageNamesThePackage() throws Exception {
        sandbox = Sandbox.create("");
        Path programs = Files.createDirectory(sandbox.directory().resolve("bin"));
        for (String program : List.of("setsid", "setpriv")) {
            Files.createSymbolicLink(programs.resolve(program), Path.of("/usr/bin", program));
        }
        Launched.Result result = Launched.start(
                        sandbox, Map.of("PATH", programs.toString()), new byte[0], "run", "--quiet", "--exec", "true")
                .result();
        assertThat(result.stderr())
                .isEqualTo("vmette: QEMU not found: qemu-system-x86_64 is not on the PATH;"
                        + " install the package qemu-system-x86 or set vmette.qemu.binary\n");
        assertThat(result.code()).isEqualTo(1);
        sandbox.assertNothingLeft();
    }

    @Test
    void withNothingOnThePathTheFirstProgramMissedIsNamed() {
        sandbox = Sandbox.create("");
        Launched.Result result = Launched.start(
                        sandbox, Map.of("PATH", ""), new byte[0], "run", "--quiet", "--exec", "true")
                .result();
        assertThat(result.stderr())
                .startsWith("vmette: the program ")
                .contains("not on the PATH")
                .hasLineCount(1);
        assertThat(result.code()).isEqualTo(1);
        sandbox.assertNothingLeft();
    }
}
