package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import vmette.cli.Sandbox;

/** A program in C that is compiled against what was built, and run in a sandbox. */
final class CProgram {
    /** What the build leaves: the library and its header, beside the jars. */
    static final Path DIST = Path.of("target", "dist").toAbsolutePath().normalize();

    static final Path LIBRARY = DIST.resolve("libvmette.so.0");

    static final Path SOURCES = Path.of("src", "test", "c-abi").toAbsolutePath().normalize();

    /**
     * How it ended.
     *
     * @param told what the driver writes to descriptor 3
     */
    record Result(int code, String stdout, String stderr, String told) {}

    private final Path program;
    private final Sandbox sandbox;

    private CProgram(Path program, Sandbox sandbox) {
        this.program = program;
        this.sandbox = sandbox;
    }

    static CProgram compile(Sandbox sandbox, String source) throws Exception {
        Path program = sandbox.directory().resolve(source.replace(".c", ""));
        List<String> compiler = List.of(
                "gcc",
                "-std=gnu11",
                "-D_GNU_SOURCE",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-g",
                "-fno-pie",
                "-no-pie",
                "-o",
                program.toString(),
                SOURCES.resolve(source).toString(),
                "-I" + DIST,
                "-Wl,--as-needed", // one that loads it at run time is not linked to it
                LIBRARY.toString(),
                "-Wl,-rpath," + DIST,
                "-pthread");
        Result compiled = tools(sandbox).run(compiler, Map.of());
        assertThat(compiled.code()).as(compiled.stderr()).isZero();
        return new CProgram(program, sandbox);
    }

    /** The home of a Java that has a JVM of paper, see paper_jvm.c. */
    static Path paperJava(Sandbox sandbox) throws Exception {
        Path home = sandbox.directory().resolve("paper");
        Path library =
                Files.createDirectories(home.resolve("lib").resolve("server")).resolve("libjvm.so");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.9\"\nJAVA_RUNTIME_VERSION=\"17.0.9+1\"\n");
        String headers = Path.of(System.getProperty("java.home"), "include").toString();
        Result compiled = tools(sandbox)
                .run(
                        List.of(
                                "gcc",
                                "-std=gnu11",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "-g",
                                "-fPIC",
                                "-shared",
                                "-I" + headers,
                                "-I" + headers + "/linux",
                                "-o",
                                library.toString(),
                                SOURCES.resolve("paper_jvm.c").toString()),
                        Map.of());
        assertThat(compiled.code()).as(compiled.stderr()).isZero();
        return home;
    }

    /** For other programs, run likewise. */
    static CProgram tools(Sandbox sandbox) {
        return new CProgram(Path.of("none"), sandbox);
    }

    Path path() {
        return program;
    }

    Result run(String... arguments) throws Exception {
        return with(Map.of(), arguments);
    }

    Result with(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return run(command, environment);
    }

    Result run(List<String> command, Map<String, String> environment) throws Exception {
        return run(command, environment, Sandbox.DEADLINE_SECONDS);
    }

    Result run(List<String> command, Map<String, String> environment, long seconds) throws Exception {
        Process process = start(command, environment, "/dev/null");
        try {
            assertThat(process.waitFor(seconds, TimeUnit.SECONDS))
                    .as("it ends: %s", command)
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), read("out"), read("err"), read("told"));
    }

    /** Its outputs to files, descriptor 3 too. */
    Process start(List<String> command, Map<String, String> environment, String input) throws IOException {
        List<String> shell = new ArrayList<>(List.of(
                "/usr/bin/setsid",
                "/bin/sh",
                "-c",
                "exec \"$@\" 3>\"$0\"",
                file("told").toString()));
        shell.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(shell);
        builder.environment()
                .putAll(Map.of(
                        "VMETTE_CONFIG",
                        sandbox.config().toString(),
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "VMETTE_CDS",
                        "off",
                        "LC_ALL",
                        "C"));
        builder.environment().remove("JDK_JAVA_OPTIONS");
        builder.environment().putAll(environment);
        return builder.redirectInput(Path.of(input).toFile())
                .redirectOutput(file("out").toFile())
                .redirectError(file("err").toFile())
                .start();
    }

    private Path file(String name) {
        return sandbox.directory().resolve(name);
    }

    String read(String name) throws IOException {
        return Files.exists(file(name)) ? Files.readString(file(name), StandardCharsets.UTF_8) : "";
    }
}
