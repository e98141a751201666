package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.vmm.VmmExit;

/** A library that writes down how it is called, and does whatever one of another system may do. */
class CompiledLibVmetteTest extends LibVmetteContract {
    @TempDir
    static Path built;

    private static LibraryUnderTest compiled;

    @BeforeAll
    static void compile() throws Exception {
        compiled = LibraryUnderTest.compiled(built);
    }

    @AfterEach
    void forget() throws IOException {
        Files.deleteIfExists(calls());
    }

    @Override
    protected LibraryUnderTest library() {
        return compiled;
    }

    private static Path calls() {
        return built.resolve("kernel.calls");
    }

    private static LibVmette binding() {
        return LibVmette.load(compiled.library());
    }

    private VmSpecBuilder behaving(String how) {
        return compiled.spec().exec("exit 5").cmdline(how);
    }

    private static RunConfig extremes(Optional<String> exec, Optional<String> cmdline) {
        return new RunConfig(
                compiled.kernel().orElseThrow().toString(),
                "/initramfs ü",
                cmdline,
                Optional.of("/a root"),
                true,
                new TreeMap<>(Map.of("work", "/w", "data", "/d=1")),
                new TreeMap<>(Map.of("B", "2", "A", "")),
                List.of("/disk b", "/disk a"),
                exec,
                true,
                false,
                Integer.MIN_VALUE,
                0xffffffffL,
                0x80000000L,
                255,
                Long.MAX_VALUE,
                1L << 40,
                Optional.of("/build"),
                Optional.of("/resume"));
    }

    @Test
    void everyValueArrivesAndWhatIsOwnedIsFreedOnce() throws IOException {
        NativeConfig config = NativeConfig.create(binding(), extremes(Optional.of("exit 3"), Optional.of("quiet")));
        ChildReport.Ran ran = config.run();
        config.close();
        config.close();
        assertThatThrownBy(config::run).isInstanceOf(IllegalStateException.class);
        assertThat(ran).isEqualTo(new ChildReport.Ran(0, 3));
        assertThat(Files.readAllLines(calls()))
                .containsExactly(
                        "new /initramfs ü",
                        "cmdline quiet",
                        "rootfs /a root 1",
                        "share data /d=1",
                        "share work /w",
                        "env A=",
                        "env B=2",
                        "disk /disk b",
                        "disk /disk a",
                        "exec exit 3",
                        "net 1",
                        "switch_root 0",
                        "vsock_port -2147483648",
                        "guest_vsock_port 4294967295",
                        "timeout 2147483648",
                        "vcpus 255",
                        "mem_mib 9223372036854775807",
                        "scratch_mib 1099511627776",
                        "build_snapshot /build",
                        "resume_snapshot /resume",
                        "run",
                        "output_free",
                        "free");
    }

    @Test
    void everyStatusComesBackAndNothingIsFreedThatIsNotThere() throws IOException {
        for (int status : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 77, -1}) {
            Optional<String> cmdline = Optional.of("status=" + status);
            try (NativeConfig config = NativeConfig.create(binding(), extremes(Optional.empty(), cmdline))) {
                assertThat(config.run()).isEqualTo(new ChildReport.Ran(status, 0));
            }
        }
        assertThat(Files.readAllLines(calls())).doesNotContain("output_free");
    }

    @Test
    void theBindingHasTheFunctionsOfTheHeader() throws IOException {
        Stream<String> declared = Stream.of(LibVmette.class.getDeclaredMethods())
                .map(Method::getName)
                .filter(name -> name.startsWith("vmette_"));
        assertThat(declared).hasSize(22).allSatisfy(name -> assertThat(
                        Files.readString(Path.of("src/test/c/libvmette.c")))
                .contains(name + "("));
    }

    @Test
    void whatLacksAFunctionIsNoLibvmette() {
        // It is a library, and there.
        assertThatThrownBy(() -> LibVmette.load(Path.of("libc.so.6")))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("as libvmette")
                .hasMessageContaining("vmette_");
    }

    @Test
    void aStatusIsATypedFailure() throws Exception {
        LibVmetteVmm vm = vm(behaving("prints status=5"));
        await(vm.start());
        assertFailure(vm.ended(), SnapshotUnsupportedException.class, "returned 5", "libvmette says something");
        VmmExit exit = await(vm.whenExited());
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertThat(exit.exitCode()).isZero();
        assertNothingIsLeft(vm);
    }

    @Test
    void whoExitsInsteadOfReturningIsToldFromWhoIsKilled() throws Exception {
        // As the status of a command that signal 9 has ended.
        LibVmetteVmm exits = vm(compiled.spec().exec("kill -9 $$").cmdline("exits"));
        await(exits.start());
        assertThat(await(exits.ended())).isEqualTo(new RunEnd.ProcessExited(137));
        assertThat(await(exits.whenExited()))
                .returns(VmmExit.Reason.CRASHED, VmmExit::reason)
                .returns(137, VmmExit::exitCode)
                .satisfies(exit -> assertThat(exit.detail()).contains("instead of returning"));
        assertNothingIsLeft(exits);

        LibVmetteVmm killed = vm(behaving("signal=9"));
        await(killed.start());
        assertFailure(killed.ended(), VmLostException.class, "signal 9 (KILL");
        assertThat(await(killed.whenExited()).exitCode()).isEqualTo(137);
        assertNothingIsLeft(killed);
    }

    @Test
    void whoLeavesWithoutAWordHasNotReturned() throws Exception {
        LibVmetteVmm vm = vm(behaving("_exit=3"));
        await(vm.start());
        assertThat(await(vm.ended())).isEqualTo(new RunEnd.ProcessExited(3));
        assertNothingIsLeft(vm);
    }

    @Test
    void whoAbortsIsLost() throws Exception {
        LibVmetteVmm vm = vm(behaving("prints aborts"));
        await(vm.start());
        assertFailure(vm.ended(), VmLostException.class, "signal 6 (ABRT", "libvmette says something");
        assertThat(await(vm.whenExited()).reason()).isEqualTo(VmmExit.Reason.CRASHED);
        assertNothingIsLeft(vm);
    }

    @Test
    void whoCrashesIsLostAndItsReportGoesToo() throws Exception {
        LibVmetteVmm vm = vm(behaving("crashes"));
        await(vm.start());
        assertFailure(vm.ended(), VmLostException.class, "signal 6 (ABRT");
        assertThat(output()).contains("SIGSEGV").contains("libvmette.so");
        assertNothingIsLeft(vm);
    }

    @Test
    void whoHangsIsEndedByQuit() throws Exception {
        LibVmetteVmm vm = vm(behaving("hangs"));
        await(vm.start());
        vm.quit();
        assertFailure(vm.ended(), VmLostException.class, "told to quit");
        assertNothingIsLeft(vm);
    }

    @Test
    void aConfigThatTheLibraryDoesNotMakeIsAFailedStart() throws Exception {
        Path refused = Files.writeString(built.resolve("refused"), "");
        LibVmetteVmm vm = vm(compiled.spec().kernel(refused).exec("true"));
        assertFailure(vm.start(), StartFailedException.class, "makes no config of the kernel " + refused);
        assertFailure(vm.ended(), StartFailedException.class, "makes no config");
        assertThat(await(vm.whenExited()).reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertNothingIsLeft(vm);
    }

    @Test
    void whoTakesNoOutputKeepsNobodyFromWriting() throws Exception {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("the disk is full");
            }
        };
        VmSpecBuilder spec = compiled.spec().exec("head -c 300000 /dev/zero; echo; echo last; exit 4");
        LibVmetteVmm vm = hypervisor().create("test", spec.build(), directory(), full);
        await(vm.start());
        assertThat(await(vm.ended())).isEqualTo(new RunEnd.Returned(4));
        assertThat(vm.consoleTail()).contains("last");
        assertNothingIsLeft(vm);
    }

    private static Path script(String body) throws IOException {
        Path file = Files.createTempFile(
                built, "java", "", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    }

    @Test
    void aProcessThatDoesNotGetAsFarAsTheLibraryIsEnded() throws Exception {
        LibVmetteVmm vm = hypervisor()
                .withJava(script("echo thinking; exec sleep 1000"))
                .withStartTimeout(Duration.ofMillis(300))
                .create("test", behaving("").build(), directory(), OutputStream.nullOutputStream());
        assertFailure(vm.start(), OperationTimeoutException.class, "was not loaded within");
        assertThat(await(vm.whenExited()).reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertNothingIsLeft(vm);
    }

    @Test
    void aProcessThatEndsBeforeItIsReadySaysWhy() throws Exception {
        LibVmetteVmm vm = hypervisor()
                .withJava(script("echo no such JVM >&2; exit 3"))
                .create("test", behaving("").build(), directory(), OutputStream.nullOutputStream());
        assertFailure(vm.start(), StartFailedException.class, "exited with status 3", "no such JVM");
        assertThat(await(vm.whenExited()).exitCode()).isEqualTo(3);
        assertNothingIsLeft(vm);
    }

    /** As a guest that has broken out of its VM could. */
    @Test
    void whatAChildMakesUpIsNotBelieved() throws Exception {
        LibVmetteVmm vm = hypervisor()
                .withJava(script("for d; do :; done; echo loaded 1 >$d/loaded;"
                        + " head -c 100000 /dev/zero >$d/outcome; mkdir -p $d/deep/er; ln -s / $d/deep/root; exit 0"))
                .create("test", behaving("").build(), directory(), OutputStream.nullOutputStream());
        await(vm.start());
        assertThat(await(vm.ended())).isEqualTo(new RunEnd.ProcessExited(0));
        assertNothingIsLeft(vm);
    }

    @Test
    void aDirectoryThatIsGoneIsAFailedStart() throws Exception {
        LibVmetteVmm vm = hypervisor()
                .create("test", behaving("").build(), built.resolve("gone"), OutputStream.nullOutputStream());
        assertFailure(vm.start(), VmetteIoException.class, "gone");
        assertThat(await(vm.whenExited()).exitCode()).isEqualTo(-1);
    }

    @Test
    void whatIsNoLibraryOrNoJavaIsRefused() {
        assertThatThrownBy(() -> LibVmetteHypervisor.open(built.resolve("none.so"), (purpose, command, input) -> null))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("none.so");
        assertThatThrownBy(() -> hypervisor().withJava(built))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("java = ");
        assertThatThrownBy(() -> hypervisor().withStartTimeout(Duration.ZERO))
                .isInstanceOf(InvalidConfigException.class);
    }
}
