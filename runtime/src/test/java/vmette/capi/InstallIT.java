package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.cli.Sandbox;

/** What is installed, used as docs/c-abi.md uses it: its examples are compiled and run, with real VMs. */
class InstallIT {
    private static final Path PAGE = Path.of("..", "docs", "c-abi.md");

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private Path prefix;

    @BeforeEach
    void install() throws Exception {
        prefix = sandbox.directory().resolve("prefix");
        CProgram.Result installed = shell("\"$VMETTE\" install --quiet --prefix " + prefix);
        assertThat(installed.stderr()).isEmpty();
        assertThat(installed.code()).isZero();
    }

    private CProgram.Result shell(String line) throws Exception {
        return CProgram.tools(sandbox)
                .run(
                        List.of("/bin/sh", "-c", "cd " + sandbox.directory() + " && " + line),
                        Map.of(
                                "VMETTE",
                                Path.of("..", "vmette")
                                        .toAbsolutePath()
                                        .normalize()
                                        .toString(),
                                "VMETTE_BUILD",
                                "never",
                                "LC_ALL",
                                "C.UTF-8",
                                "PKG_CONFIG_PATH",
                                prefix.resolve("lib/pkgconfig").toString(),
                                "LIBVMETTE",
                                prefix.resolve("lib/libvmette.so.0").toString()));
    }

    /** The page's example in this language, as a file. */
    private void extract(String language, String name) throws IOException {
        Matcher block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(PAGE, StandardCharsets.UTF_8));
        assertThat(block.find()).as(language).isTrue();
        Files.writeString(sandbox.directory().resolve(name), block.group(1));
    }

    private void assertSays(CProgram.Result result) {
        assertThat(result.stderr()).isEmpty();
        // The program's own line may be buffered until its end.
        assertThat(result.stdout()).isEqualTo("hello from an agent\nexit code 3\n");
        assertThat(result.code()).isZero();
    }

    @Test
    void theExampleInCIsFoundByPkgConfigAndRuns() throws Exception {
        extract("c", "agent.c");
        assertSays(shell("cc -Wall -Wextra -Werror -o agent agent.c $(pkg-config --cflags --libs vmette) -Wl,-rpath,"
                + prefix + "/lib && ./agent"));
        CProgram.Result asCpp = shell("cc -Wall -Wextra -Werror -x c++ -fsyntax-only " + prefix
                + "/include/vmette.h 2>&1 || cc -x c++ -E /dev/null");
        assertThat(asCpp.stdout()).doesNotContain("vmette.h:");
        // As a whole it may be moved, and it may be installed over what is there.
        assertSays(shell(
                "moved=$(printf 'm\\303\\266ved %%20') && mv prefix \"$moved\" && \"$VMETTE\" install --quiet --prefix "
                        + prefix + " && \"$VMETTE\" install --quiet --prefix " + prefix
                        + " && LC_ALL=C LD_LIBRARY_PATH=$moved/lib ./agent && rm -r \"$moved\""));
        try (var files = Files.walk(prefix)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.startsWith("."));
        }
    }

    /** In place, by the JVM that is here; a program's classes come from it. */
    @Test
    void anArchiveOfClassesIsMadeAndUsed() throws Exception {
        extract("c", "agent.c");
        Path log = sandbox.directory().resolve("classes.log");
        assertSays(shell("export VMETTE_CDS=on; \"$VMETTE\" install --quiet --prefix " + prefix
                + " && cc -o agent agent.c $(pkg-config --cflags --libs vmette) -Wl,-rpath," + prefix
                + "/lib && VMETTE_JAVA_OPTS=-Xlog:class+load=info:file=" + log + " ./agent"));
        assertThat(Files.readString(log).lines().filter(line -> line.contains(" akka.actor.ActorSystemImpl ")))
                .singleElement()
                .asString()
                .contains("source: shared objects file");
        assertThat(shell("ls -A prefix/lib/vmette").stdout().lines())
                .containsExactlyInAnyOrder("classes.jsa", "lib", "native");
        assertThat(shell("find prefix/lib/vmette/classes.jsa -perm 644").stdout())
                .isNotEmpty();
    }

    @Test
    void theExampleInPythonRuns() throws Exception {
        Assumptions.assumeTrue(shell("python3 --version").code() == 0, "no python3 here");
        extract("python", "agent.py");
        assertSays(shell("python3 -u agent.py"));
        CProgram.Result colon = shell("mv prefix a:b && LIBVMETTE=$PWD/a:b/lib/libvmette.so.0 python3 -u agent.py");
        assertThat(colon.stderr()).contains("a path with a colon").hasLineCount(1);
    }

    @Test
    void theExampleInRustRuns() throws Exception {
        Assumptions.assumeTrue(shell("rustc --version").code() == 0, "no rustc here");
        extract("rust", "agent.rs");
        assertSays(shell(
                "rustc -L " + prefix + "/lib -C link-arg=-Wl,-rpath," + prefix + "/lib -o agent agent.rs && ./agent"));
    }

    @Test
    void whereItCannotBeWrittenNothingIsChanged() throws Exception {
        Files.writeString(sandbox.directory().resolve("file"), "");
        CProgram.Result refused = shell("\"$VMETTE\" install --prefix " + sandbox.directory() + "/file/x");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.stderr()).startsWith("vmette: cannot install into ").hasLineCount(1);
        // include is taken by a file: what was written before is removed again.
        CProgram.Result half = shell(
                "mkdir half && : > half/include && \"$VMETTE\" install --prefix " + sandbox.directory() + "/half");
        assertThat(half.code()).isEqualTo(1);
        try (var files = Files.walk(sandbox.directory().resolve("half"))) {
            assertThat(files.filter(Files::isRegularFile))
                    .containsExactly(sandbox.directory().resolve("half/include"));
        }
        CProgram.Result relative = shell("\"$VMETTE\" install --prefix here");
        assertThat(relative.code()).isEqualTo(2);
        assertThat(relative.stderr()).contains("absolute");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "077"})
    void whateverTheUmaskAllMayReadAndOneMayWriteIt(String umask) throws Exception {
        CProgram.Result result = shell("umask " + umask + " && \"$VMETTE\" install --quiet --prefix "
                + sandbox.directory() + "/new/here && find new -type d ! -perm 755 -o -type f ! -perm 644");
        assertThat(result.stdout()).isEmpty();
        assertThat(result.code()).isZero();
    }

    @Test
    void whatAnInstallationLeftThatWasKilledIsRemoved() throws Exception {
        // Between its two renames; and 1 is a process that lives.
        CProgram.Result result =
                shell("cd prefix/lib && mv vmette .vmette.new-999999999-former && mkdir .vmette.new-999999999"
                        + " && : > .vmette.new-999999999/x && : > .libvmette.so.0.new-999999999 && : > .libvmette.so.0.new-1"
                        + " && \"$VMETTE\" install --quiet --prefix " + prefix + " && ls -A");
        assertThat(result.code()).as(result.stderr()).isZero();
        assertThat(result.stdout().lines())
                .containsExactlyInAnyOrder(
                        ".libvmette.so.0.new-1", "libvmette.so", "libvmette.so.0", "pkgconfig", "vmette");
    }

    @Test
    void aPackageIsLaidOutBelowItsDirectory() throws Exception {
        CProgram.Result result = shell("\"$VMETTE\" install --prefix /usr --destdir package");
        assertThat(result.code()).isZero();
        assertThat(result.stderr()).contains("installed ").contains("/package/usr/lib/libvmette.so.0");
        assertThat(sandbox.directory().resolve("package/usr/lib/pkgconfig/vmette.pc"))
                .content()
                .contains("prefix=/usr\n");
    }
}
