package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import vmette.cli.Sandbox;

/** Callers that are careless, and people who choose the environment of a caller with more rights than theirs. Where a VM does not matter, with a JVM of paper. */
class CapiHostileIT {
    private static final List<String> RUN = List.of("new", "", "", "exec", "true", "run");

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private CProgram driver() throws Exception {
        return CProgram.compile(sandbox, "driver.c");
    }

    private Map<String, String> paper() throws Exception {
        return Map.of("VMETTE_JAVA_HOME", CProgram.paperJava(sandbox).toString());
    }

    /** With a run in between. */
    private static List<String> around(List<String> before, List<String> after) {
        return Stream.of(before, RUN, after).flatMap(List::stream).toList();
    }

    private static List<String> command(Stream<String> first, CProgram driver, List<String> words) {
        return Stream.of(first, Stream.of(driver.path().toString()), words.stream())
                .flatMap(part -> part)
                .toList();
    }

    private boolean isRoot() throws Exception {
        return Files.getAttribute(sandbox.directory(), "unix:uid").equals(0);
    }

    /** Else what lies there in a later working directory would be run. */
    @Test
    void aLibraryThatIsLoadedByARelativePathIsWhereItWasLoaded() throws Exception {
        Path library = Files.createDirectory(sandbox.directory().resolve("lib"));
        Files.copy(CProgram.LIBRARY, library.resolve("libvmette.so.0"));
        Files.createFile(Files.createDirectories(library.resolve("vmette").resolve("lib"))
                .resolve("one.jar"));
        CProgram driver = driver();
        List<String> words = around(List.of("cd", "/"), List.of());
        CProgram.Result result = driver.run(
                command(
                        Stream.of(
                                "/bin/sh",
                                "-c",
                                "cd \"$0\" && LD_LIBRARY_PATH=lib exec \"$@\"",
                                sandbox.directory().toString()),
                        driver,
                        words),
                paper());
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 7\n");
    }

    /** A real Java, which does not bear it. */
    @Test
    void aProgramThatHasClearedItsEnvironmentIsNotEndedByIt() throws Exception {
        CProgram.Result result =
                driver().run("clearenv", "new", "", "", "vcpus", "0", "exec", "true", "run", "exit", "5");
        assertThat(result.told()).as(result.stderr()).isEqualTo("1 -\n");
        assertThat(result.code()).isEqualTo(5);
    }

    @Test
    void aThreadThatIsCancelledHoldsNobodyElseUp() throws Exception {
        CProgram.Result result = driver().with(
                        paper(), "close", "0", "new", "", "", "exec", "true", "cancelled", "run", "cancelled", "run");
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 7\n0 7\n");
        assertThat(result.code()).isZero();
    }

    /** Its id may be its parent's, as both are the first of their namespaces. */
    @Test
    void aChildIsToldFromItsParentByMoreThanItsId() throws Exception {
        assumeTrue(isRoot(), "only root makes namespaces");
        CProgram driver = driver();
        List<String> words = around(List.of(), List.of("namespace", "fork"));
        CProgram.Result result =
                driver.run(command(Stream.of("unshare", "--pid", "--fork", "--mount-proc"), driver, words), paper());
        assumeTrue(!result.stderr().startsWith("unshare: "), result.stderr());
        assertThat(result.told()).as(result.stderr()).isEqualTo("0 7\n8 -\nchild 0\n");
        assertThat(result.stderr()).contains("this process was forked");
    }

    /** Whoever has started it has chosen what Java and its children would believe. */
    @Test
    void aProgramThatWasStartedWithMoreRightsHasNoRunsEvenWhenItHasGivenThemUp() throws Exception {
        assumeTrue(isRoot(), "only root can make a program root's");
        Files.setPosixFilePermissions(sandbox.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
        CProgram driver = driver();
        CProgram.Result made = CProgram.tools(sandbox)
                .run(List.of("chmod", "6755", driver.path().toString()), Map.of());
        assertThat(made.code()).isZero();
        List<String> words = around(List.of("secure"), List.of("resign", "run"));
        CProgram.Result result = driver.run(
                command(Stream.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), driver, words),
                paper());
        assumeTrue(result.told().startsWith("secure 1\n"), "programs are not root's here: " + result.stderr());
        assertThat(result.told()).isEqualTo("secure 1\n8 -\n8 -\n");
        assertThat(result.stderr().lines()).hasSize(2).allMatch(line -> line.contains("more rights than its user's"));
    }

    @Test
    void aJavaThatDidNotStartLeavesNoHandlers() throws Exception {
        CProgram.Result result = driver().with(
                        Map.of("VMETTE_JAVA_OPTS", "-Xshare:on -XX:SharedArchiveFile=/nonexistent"),
                        "new",
                        "",
                        "",
                        "exec",
                        "true",
                        "run",
                        "raise",
                        "11");
        assertThat(result.told()).isEqualTo("8 -\n");
        assertThat(result.code()).as(result.stderr()).isEqualTo(128 + 11);
    }

    /** Not taken for the hooks that the library has given. */
    @Test
    void aWordThatIsNoOptionIsRefusedByJava() throws Exception {
        CProgram.Result result =
                driver().with(Map.of("VMETTE_JAVA_OPTS", "-Dx=y\t-Dy=z\nabort"), "new", "", "", "exec", "true", "run");
        assertThat(result.told()).isEqualTo("8 -\n");
        assertThat(result.stderr()).contains("did not start");
    }
}
