package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.process.PortableChildren;

/** What a system has that is no Linux: no kernel that kills children with their parents, no runtime directory. */
class PortableLibVmetteTest {
    @TempDir
    private Path base;

    private LibraryUnderTest library;
    private Path directory;

    @BeforeEach
    void compile() throws Exception {
        library = LibraryUnderTest.compiled(base);
    }

    private static LibVmetteVmm sleeper(LibraryUnderTest library, PortableChildren children, Path directory) {
        return LibVmetteHypervisor.open(library.library(), children)
                .create(
                        "test",
                        library.spec().exec("exec sleep 1000").build(),
                        directory,
                        OutputStream.nullOutputStream());
    }

    /** What runs in the JVM that dies. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            LibraryUnderTest library = new LibraryUnderTest(
                    Path.of(args[0]), Optional.of(Path.of(args[1])), Optional.of(Path.of(args[2])));
            LibVmetteVmm vm = sleeper(library, PortableChildren.open(), Path.of(args[3]));
            vm.start().toCompletableFuture().get();
            System.out.println(vm.pid().orElseThrow());
            System.out.flush();
            // A kill -9 of this one, or its orderly end.
            if (System.in.read() == 'e') {
                System.exit(0);
            }
        }
    }

    private Process victim() throws Exception {
        directory = Files.createTempDirectory(base, "vm");
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        library.library().toString(),
                        library.kernel().orElseThrow().toString(),
                        library.initramfs().orElseThrow().toString(),
                        directory.toString())
                .redirectError(Redirect.INHERIT)
                .start();
    }

    private static ProcessHandle childOf(Process victim) throws Exception {
        BufferedReader said = victim.inputReader();
        return ProcessHandle.of(Long.parseLong(said.readLine())).orElseThrow();
    }

    @Test
    void aChildWhoseParentIsKilledEndsByItself() throws Exception {
        Process victim = victim();
        ProcessHandle child = childOf(victim);
        assertThat(directory).isNotEmptyDirectory();
        victim.destroyForcibly().waitFor();
        child.onExit().get(60, TimeUnit.SECONDS);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aChildIsEndedWithItsParent() throws Exception {
        Process victim = victim();
        ProcessHandle child = childOf(victim);
        victim.getOutputStream().write('e');
        victim.getOutputStream().flush();
        assertThat(victim.waitFor()).isZero();
        child.onExit().get(60, TimeUnit.SECONDS);
    }

    @Test
    void closingEndsTheRun() throws Exception {
        directory = Files.createTempDirectory(base, "vm");
        PortableChildren children = PortableChildren.open();
        LibVmetteVmm vm = sleeper(library, children, directory);
        vm.start().toCompletableFuture().get(60, TimeUnit.SECONDS);
        children.close();
        assertThat(vm.whenExited()
                        .toCompletableFuture()
                        .get(60, TimeUnit.SECONDS)
                        .exitCode())
                .isEqualTo(137);
        assertThat(directory).isEmptyDirectory();
    }
}
