package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.NetBackend;
import vmette.config.NetSettings;
import vmette.config.VmSpec;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.vmm.FakeVmm;
import vmette.vmm.VmmExit;
import vmette.vsock.DeviceLoop;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockLimits;

class QemuMachineTest {
    @TempDir
    private Path base;

    /** A guest chooses when its monitor exits: before its device ends, for one. The loop serves other VMs, and whoever closes it may be an actor; but files are removed. */
    @Test
    void nothingIsClosedOnADeviceLoopOrByWhoeverEndsIt() throws IOException {
        Files.createFile(base.resolve("image"));
        CompletableFuture<Boolean> onItsOwn = new CompletableFuture<>();
        Thread caller = Thread.currentThread();
        FakeVmm vmm = new FakeVmm();
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
                DeviceLoop loop = new DeviceLoop(System::nanoTime, failure -> fail("the loop failed", failure))) {
            loop.start();
            Path directory = children.directory().createVmDirectory("vm");
            RootfsArtifact image = new RootfsArtifact.Image(
                    base.resolve("image"),
                    ImageFormat.SQUASHFS,
                    ImageDefaults.NONE,
                    () -> onItsOwn.complete(!loop.inLoop() && Thread.currentThread() != caller));
            Storage storage = Storage.prepare(
                    VmSpec.builder().rootfs("image").build(),
                    new GatheredFiles(Optional.of(image)),
                    List.of(),
                    children,
                    directory,
                    Scratch.Source.of(base.resolve("scratches")),
                    new NetSettings(NetBackend.SLIRP, Optional.empty()),
                    (of, name, shared, readOnly, socket) -> fail("nothing is shared"));
            QemuMachine machine = new QemuMachine(
                    new VsockDevice(3, VsockLimits.defaults(new VsockBudget(64 << 20)), loop),
                    vmm,
                    children.directory(),
                    directory,
                    storage,
                    Optional.empty(),
                    Optional.empty());
            vmm.start();
            vmm.exit(new VmmExit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off"));
            machine.close().toCompletableFuture().orTimeout(1, TimeUnit.MINUTES).join();
            assertThat(onItsOwn).isCompletedWithValue(true);
        }
    }
}
