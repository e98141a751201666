package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.VmSpecBuilder;
import vmette.errors.VmLostException;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.vmm.VmmExit;

/** What every library with the C ABI owes, through the binding and through the monitor made of it. */
abstract class LibVmetteContract {
    private static final byte[] NO_UTF8 = {(byte) 0xc3, '(', 0};
    private static final byte[] TEXT = CText.of("text", "text");

    @TempDir
    private Path base;

    private ChildProcesses children;
    private Path directory;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    protected abstract LibraryUnderTest library();

    @BeforeEach
    final void open() {
        children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
        directory = children.directory().createVmDirectory("vm");
    }

    /** Also of what a test has begun: nothing may be left. */
    @AfterEach
    final void close() throws Exception {
        children.close();
        assertThat(children.directory().path()).doesNotExist();
    }

    protected final LibVmetteHypervisor hypervisor() {
        return library().hypervisor(library().library(), children);
    }

    protected final LibVmetteVmm vm(VmSpecBuilder spec) {
        return hypervisor().create("test", spec.build(), directory, output);
    }

    protected final Path directory() {
        return directory;
    }

    protected final String output() {
        return output.toString(StandardCharsets.UTF_8);
    }

    /** Waits with a generous deadline: it may boot. */
    protected static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(110, TimeUnit.SECONDS);
    }

    /** The stage fails with this kind of failure, whose message holds these. */
    protected static void assertFailure(
            CompletionStage<?> stage, Class<? extends Throwable> type, CharSequence... words) {
        assertThatThrownBy(() -> await(stage))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(type)
                .message()
                .contains(words);
    }

    protected final void assertNothingIsLeft(LibVmetteVmm vm) throws Exception {
        await(vm.whenExited());
        assertThat(vm.pid()).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    private LibVmette binding() {
        return LibVmette.load(library().library().toAbsolutePath());
    }

    private byte[] kernel() {
        return library().kernelText();
    }

    private byte[] initramfs() {
        return library().initramfsText();
    }

    @Test
    void hasAVersion() {
        assertThat(binding().vmette_version().getString(0, "UTF-8")).matches("[0-9]+\\.[0-9]+\\.[0-9]+.*");
    }

    @Test
    void aConfigNeedsTwoTexts() {
        LibVmette library = binding();
        assertThat(library.vmette_config_new(null, initramfs())).isZero();
        assertThat(library.vmette_config_new(kernel(), null)).isZero();
        assertThat(library.vmette_config_new(NO_UTF8, initramfs())).isZero();
        assertThat(library.vmette_config_new(kernel(), NO_UTF8)).isZero();
        library.vmette_config_free(0);
    }

    @Test
    void settersTakeWhatIsNoConfigOrNoText() {
        LibVmette library = binding();
        long made = library.vmette_config_new(kernel(), initramfs());
        assertThat(made).isNotZero();
        for (long config : new long[] {0, made}) {
            for (byte[] text : new byte[][] {null, NO_UTF8}) {
                BiConsumer<byte[], byte[]> pairs = (first, second) -> {
                    library.vmette_config_add_share(config, first, second);
                    library.vmette_config_add_env(config, first, second);
                };
                pairs.accept(text, TEXT);
                pairs.accept(TEXT, text);
                library.vmette_config_set_cmdline(config, text);
                library.vmette_config_set_rootfs_share(config, text, 1);
                library.vmette_config_add_disk(config, text);
                library.vmette_config_set_exec(config, text);
                library.vmette_config_set_build_snapshot(config, text);
                library.vmette_config_set_resume_snapshot(config, text);
            }
        }
        library.vmette_config_set_net(0, 1);
        library.vmette_config_set_switch_root(0, 1);
        library.vmette_config_set_vsock_port(0, 1);
        library.vmette_config_set_guest_vsock_port(0, 1);
        library.vmette_config_set_timeout(0, 1);
        library.vmette_config_set_vcpus(0, 1);
        library.vmette_config_set_mem_mib(0, 1);
        library.vmette_config_set_scratch_mib(0, 1);
        library.vmette_config_free(made);
    }

    @Test
    void runNeedsAConfigAndAPlaceForItsOutput() {
        LibVmette library = binding();
        long[] out = {42};
        assertThat(library.vmette_run(0, out)).isEqualTo(9);
        assertThat(out).containsExactly(42);
        long config = library.vmette_config_new(kernel(), initramfs());
        assertThat(library.vmette_run(config, null)).isEqualTo(9);
        library.vmette_config_free(config);
    }

    @Test
    void noOutputHasACodeAndIsFreed() {
        LibVmette library = binding();
        assertThat(library.vmette_run_output_exit_code(0)).isZero();
        library.vmette_run_output_free(0);
    }

    /** A library may end its process with the command's status instead of returning it. */
    @Test
    void aCommandRunsToItsEnd() throws Exception {
        String greeting = "grüße an \"$HOME\" \\ 'alle'";
        LibVmetteVmm vm =
                vm(library().spec().env("GREETING", greeting).exec("echo \"got: $GREETING\"; echo wrong >&2\nexit 7"));
        await(vm.start());
        RunEnd end = await(vm.ended());
        assertThat(end).isIn(new RunEnd.Returned(7), new RunEnd.ProcessExited(7));
        assertThat(output().replace("\r", ""))
                .contains("got: " + greeting + "\n")
                .contains("wrong\n");
        assertThat(vm.consoleTail()).contains("got: " + greeting, "wrong");
        if (end instanceof RunEnd.Returned) {
            assertThat(await(vm.whenExited()).reason()).isEqualTo(VmmExit.Reason.GUEST_POWEROFF);
        }
        assertThat(vm.capabilities().version()).isNotEmpty();
        assertNothingIsLeft(vm);
    }

    @Test
    void aRunThatIsKilledHasNoEndOfItsOwn() throws Exception {
        LibVmetteVmm vm = vm(library().spec().exec("exec sleep 1000"));
        await(vm.start());
        ProcessHandle.of(vm.pid().orElseThrow()).orElseThrow().destroyForcibly();
        assertFailure(vm.ended(), VmLostException.class, "was killed by signal 9 (KILL");
        assertNothingIsLeft(vm);
    }

    @Test
    void aRunThatIsToldToQuitHasNoEndOfItsOwn() throws Exception {
        LibVmetteVmm vm = vm(library().spec().exec("exec sleep 1000"));
        await(vm.start());
        vm.quit();
        assertFailure(vm.ended(), VmLostException.class, "was told to quit");
        assertThat(await(vm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
        assertNothingIsLeft(vm);
        assertThat(Files.exists(directory)).isTrue();
    }
}
