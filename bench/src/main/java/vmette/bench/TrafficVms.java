package vmette.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import vmette.config.RuntimeSettings;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;
import vmette.guest.GuestKernel;
import vmette.memory.MappedGuestMemory;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.qemu.BootSource;
import vmette.qemu.KernelCommandLine;
import vmette.qemu.QemuHypervisor;
import vmette.qemu.QemuLaunch;
import vmette.vmm.Vmm;
import vmette.vsock.DeviceLoop;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockLimits;

/**
 * VMs that run {@code vsock-traffic}, alike to the last word of QEMU's command line but for the directory of their sockets: whoever
 * listens there is the back-end.
 */
final class TrafficVms implements AutoCloseable {
    /** How the thread's name begins on which our back-end works. */
    static final String LOOP = "vmette-device-loop";

    private static final Duration BOOT = Duration.ofMinutes(2);
    private static final int MEMORY_MIB = 256;
    private static final long CID = 3;
    private static final long BUDGET = 1L << 30;

    private final ChildProcesses children;
    private final QemuHypervisor hypervisor;
    private final GuestKernel guest;
    private final DeviceLoop loop;
    private final List<Vmm> vmms = new ArrayList<>();
    private final List<Process> processes = new ArrayList<>();
    private Path image;

    TrafficVms(RuntimeSettings settings) {
        guest = GuestAssets.in(settings.cacheDir(), GuestAgent.fromClasspath())
                .prepare(line -> System.err.println("bench: " + line));
        loop = new DeviceLoop(System::nanoTime, failure -> System.err.println("bench: the loop failed: " + failure));
        children = ChildProcesses.open(
                RuntimeDirectory.open(settings.runtimeDir().map(Path::toString).orElse("")));
        hypervisor = QemuHypervisor.open(settings.qemu(), children);
        loop.start();
    }

    /** On what, once a VM has been booted. */
    MachineDescription machine(String loadBefore) throws IOException {
        String text = "Linux " + guest.version() + ", 1 CPU, " + MEMORY_MIB + " MiB";
        return MachineDescription.read(vmms.get(0).capabilities(), text, loadBefore);
    }

    /** A VM with our back-end in this process; returns when the guest answers. */
    VsockHost bootOurs() {
        QemuLaunch launch = launch("ours");
        VsockDevice device = new VsockDevice(CID, VsockLimits.defaults(new VsockBudget(BUDGET)), loop);
        Await.on(device.listen(launch.vsockSocket(), peer -> MappedGuestMemory::open, pid -> true));
        boot(launch, new ChannelClient(device.host()));
        return device.host();
    }

    /** A VM with the other back-end; returns when the guest answers. */
    SocketClient bootPeer(PeerBackend backend) {
        QemuLaunch launch = launch("peer");
        Path streams = launch.directory().resolve("s.sock");
        processes.add(backend.start(children, launch.vsockSocket(), streams));
        SocketClient client = new SocketClient(streams);
        boot(launch, client);
        return client;
    }

    private QemuLaunch launch(String name) {
        Path directory = children.directory().createVmDirectory(name);
        if (image == null) {
            image = directory.resolve("image");
            TrafficImage.write(guest, image);
        }
        String commandLine = KernelCommandLine.compose(
                KernelCommandLine.defaults(hypervisor.accelerator()),
                1,
                "vmette.bench=" + BareLine.percentEncode(TrafficImage.command()));
        return new QemuLaunch(
                name, new BootSource.Linux(guest.kernel(), image, commandLine), 1, MEMORY_MIB, directory, true);
    }

    private void boot(QemuLaunch launch, TrafficClient client) {
        Vmm vmm = hypervisor.create(launch);
        vmms.add(vmm);
        Await.on(vmm.start());
        TrafficOrder nothing = new TrafficOrder(TrafficOrder.Mode.TO_GUEST, 1, 1);
        if (!Await.until(() -> answers(client, nothing), BOOT)) {
            throw new StartFailedException(
                    "the guest of " + client.name() + " does not answer within " + BOOT + ": " + vmm.consoleTail());
        }
    }

    /** A port that nobody listens on yet is refused. */
    private static boolean answers(TrafficClient client, TrafficOrder order) {
        try {
            return client.transfer(order, 1) > 0;
        } catch (VmetteException notYet) {
            return false;
        }
    }

    @Override
    public void close() {
        vmms.forEach(Vmm::quit);
        vmms.forEach(vmm -> Await.on(vmm.whenExited()));
        loop.close();
        processes.forEach(Process::destroy);
        children.close();
    }
}
