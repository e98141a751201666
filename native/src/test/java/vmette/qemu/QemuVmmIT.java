package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.StartFailedException;
import vmette.memory.MappedGuestMemory;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.vmm.SnapshotOrder;
import vmette.vmm.Vmm;
import vmette.vmm.VmmContract;
import vmette.vmm.VmmExit;
import vmette.vsock.DeviceLoops;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockLimits;

/** Real QEMU, no kernel: the firmware finds nothing to boot and idles. */
class QemuVmmIT extends VmmContract {
    private static final QemuSettings SETTINGS =
            new QemuSettings(Optional.empty(), AcceleratorChoice.TCG, Duration.ofSeconds(50));

    @TempDir
    private Path temporary;

    private ChildProcesses children;

    @BeforeEach
    void openRuntime() {
        children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()));
    }

    @AfterEach
    void closeRuntime() {
        Path directory = children.directory().path();
        children.close();
        assertThat(directory).doesNotExist();
    }

    @Override
    protected Vmm create() {
        return QemuHypervisor.open(SETTINGS, children).create(launch(new BootSource.Firmware()));
    }

    @Override
    protected Vmm createSaveable() throws Exception {
        return QemuHypervisor.open(SETTINGS, children)
                .create(launch(new BootSource.Firmware()).withMemory(memory("memory")));
    }

    private MemoryBacking memory(String name) throws Exception {
        Path file = temporary.resolve(name);
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), (64L << 20) - 1);
        }
        return new MemoryBacking.SharedFile(file);
    }

    @Override
    protected Vmm createUnstartable() throws Exception {
        Path text = Files.writeString(temporary.resolve("kernel"), "this is no kernel\n".repeat(1000));
        return QemuHypervisor.open(SETTINGS, children).create(launch(new BootSource.Linux(text, text, "quiet")));
    }

    @Override
    protected void crash(Vmm vmm) {
        for (ProcessHandle child : qemus()) {
            child.destroyForcibly();
        }
    }

    private QemuLaunch launch(BootSource boot) {
        Path directory = children.directory().createVmDirectory("test");
        return new QemuLaunch("test, with comma", boot, 1, 64, directory, false);
    }

    private static List<ProcessHandle> qemus() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("qemu-system"))
                .toList();
    }

    @Test
    void childIsQemuItselfInItsOwnSessionWithoutOurEnvironment() throws Exception {
        await(fresh().start());
        List<ProcessHandle> qemus = qemus();
        assertThat(qemus).hasSize(1);
        Path proc = Path.of("/proc", Long.toString(qemus.get(0).pid()));
        String stat = Files.readString(proc.resolve("stat"));
        String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3];
        assertThat(session).isEqualTo(Long.toString(qemus.get(0).pid()));
        assertThat(Files.readString(proc.resolve("environ")).split("\0", -1))
                .allMatch(entry -> entry.matches(
                        "(PATH|HOME|LANG|LC_ALL|LC_CTYPE|TMPDIR|TZ|LD_LIBRARY_PATH|PWD|VMETTE_MARK)=.*|"));
    }

    @Test
    void qmpSocketGoesOnceItHasServed() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        try (var sockets = Files.walk(children.directory().path())) {
            assertThat(sockets.filter(path -> path.endsWith("qmp.sock"))).isEmpty();
        }
        assertThat(vmm.capabilities().description()).matches("QEMU [0-9]+\\.[0-9]+\\.[0-9]+ \\(/.*\\)");
    }

    @Test
    void goesOnInAnotherProcessFromWhatWasSaved() throws Exception {
        Vmm vmm = track(createSaveable());
        await(vmm.start());
        RecordingSink sink = new RecordingSink(vmm);
        await(vmm.snapshot(new SnapshotOrder(Duration.ofSeconds(50), true), sink));
        await(vmm.whenExited());
        Path state = Files.write(temporary.resolve("state"), sink.state());
        Vmm restored = track(restored(state));
        await(restored.start());
        assertThat(restored.isPaused()).isFalse();
        // And can be saved again.
        await(restored.snapshot(new SnapshotOrder(Duration.ofSeconds(50), false), new RecordingSink(restored)));
    }

    private Vmm restored(Path state) throws Exception {
        return QemuHypervisor.open(SETTINGS, children)
                .create(launch(new BootSource.Saved(state)).withMemory(memory("memory")));
    }

    @Test
    void whatIsNoStateIsReportedInQemusWords() throws Exception {
        Path state = Files.writeString(temporary.resolve("state"), "this is no state\n".repeat(100));
        Vmm vmm = track(restored(state));
        assertThatThrownBy(() -> await(vmm.start()))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("Not a migration stream");
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
    }

    @Test
    void memoryThatCannotBeCopiedIsNotSaved() throws Exception {
        Vmm vmm = fresh();
        await(vmm.start());
        assertThat(vmm.capabilities().snapshots()).isFalse();
        assertFailure(
                vmm.snapshot(new SnapshotOrder(Duration.ofSeconds(5), false), new RecordingSink(vmm)),
                SnapshotUnsupportedException.class);
    }

    @Test
    void aGuestThatDoesNotLetGoOfItsDeviceRunsOn() throws Exception {
        DeviceLoops loops = DeviceLoops.start(1, failure -> {});
        VsockLimits limits = new VsockLimits(
                64 << 10,
                1 << 20,
                new VsockBudget(1 << 20),
                16,
                Duration.ofSeconds(10),
                Duration.ofSeconds(8),
                64 << 10,
                16 << 10,
                32,
                4);
        VsockDevice device = new VsockDevice(3, limits, loops.next());
        CompletableFuture<String> broken = new CompletableFuture<>();
        device.onBroken(broken::complete);
        try {
            // The firmware has no ACPI driver: it hears of no unplugging.
            QemuLaunch launch = new QemuLaunch(
                    "deaf",
                    new BootSource.Firmware(),
                    1,
                    64,
                    children.directory().createVmDirectory("test"),
                    true);
            await(device.listen(launch.vsockSocket(), peer -> MappedGuestMemory::open, pid -> true));
            Vmm vmm = track(QemuHypervisor.open(SETTINGS, children).create(launch.withMemory(memory("memory"))));
            await(vmm.start());
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> await(
                                vmm.snapshot(new SnapshotOrder(Duration.ofMillis(300), true), new RecordingSink(vmm))))
                        .cause()
                        .isInstanceOf(SaveFailedException.class)
                        .hasMessageContaining("did not let go of the vsock device within 300 ms");
            }
            assertThat(vmm.isPaused()).isFalse();
            await(vmm.pause());
            await(vmm.resume());
            assertThat(broken).isNotDone();
        } finally {
            device.close();
            await(device.closed());
            loops.close();
        }
    }

    @Test
    void refusedKernelIsReportedInQemusWords() throws Exception {
        Vmm vmm = track(createUnstartable());
        assertThatThrownBy(() -> await(vmm.start()))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("exited with status 1")
                .hasMessageContaining("qemu: linux kernel too old to load a ram disk");
    }

    @Test
    void unreachableVsockBackEndIsReportedInQemusWords() throws Exception {
        Path directory = children.directory().createVmDirectory("test");
        Vmm vmm = track(QemuHypervisor.open(SETTINGS, children)
                .create(new QemuLaunch("novsock", new BootSource.Firmware(), 1, 64, directory, true)));
        assertThatThrownBy(() -> await(vmm.start()))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("vhost.sock");
    }

    @Test
    void silentMonitorIsKilledAtTheDeadline() throws Exception {
        Path silent = Files.writeString(temporary.resolve("silent"), "#!/bin/sh\nexec sleep 1000\n");
        assertThat(silent.toFile().setExecutable(true)).isTrue();
        QemuSettings impatient = new QemuSettings(Optional.of(silent), AcceleratorChoice.TCG, Duration.ofMillis(200));
        Vmm vmm = track(QemuHypervisor.open(impatient, children).create(launch(new BootSource.Firmware())));
        assertFailure(vmm.start(), OperationTimeoutException.class);
        VmmExit exit = await(vmm.whenExited());
        assertThat(exit.reason()).isEqualTo(VmmExit.Reason.NOT_STARTED);
        assertThat(exit.exitCode()).isEqualTo(137);
    }

    @Test
    void binaryThatVanishedIsReported() throws Exception {
        Path program = Files.writeString(temporary.resolve("gone"), "#!/bin/sh\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        QemuSettings settings = new QemuSettings(Optional.of(program), AcceleratorChoice.TCG, Duration.ofSeconds(50));
        QemuHypervisor hypervisor = QemuHypervisor.open(settings, children);
        Files.delete(program);
        Vmm vmm = track(hypervisor.create(launch(new BootSource.Firmware())));
        assertThatThrownBy(() -> await(vmm.start()))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("status 127")
                .hasMessageContaining("No such file");
    }

    @Test
    void manyRunAtOnce() throws Exception {
        List<Vmm> vmms = List.of(fresh(), fresh(), fresh(), fresh());
        var starts = vmms.stream().map(Vmm::start).toList();
        for (var start : starts) {
            await(start);
        }
        assertThat(qemus()).hasSize(4);
        children.close();
        for (Vmm vmm : vmms) {
            assertThat(await(vmm.whenExited()).exitCode()).isEqualTo(137);
        }
        assertThat(qemus()).isEmpty();
    }
}
