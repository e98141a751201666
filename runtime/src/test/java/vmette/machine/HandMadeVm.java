package vmette.machine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import vmette.config.RuntimeSettings;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;
import vmette.guest.GuestKernel;
import vmette.memory.MappedGuestMemory;
import vmette.qemu.Accelerator;
import vmette.qemu.KernelCommandLine;
import vmette.vsock.DeviceLoops;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockLimits;

/** One VM under TCG, with a clock that is years late, whose monitor a test talks to by hand: it can be unplugged and plugged in again. */
final class HandMadeVm implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 240;
    private static final String ENDED = "";

    private final DeviceLoops loops = DeviceLoops.start(1, failure -> {});
    private final VsockDevice device =
            new VsockDevice(3, VsockLimits.defaults(new VsockBudget(64 << 20)), loops.next());
    private final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final List<String> unheard = new ArrayList<>();
    private final Path directory;
    private Process qemu;
    private SocketChannel monitor;

    private HandMadeVm(Path directory) {
        this.directory = directory;
    }

    /** @param directory private, its path short */
    static HandMadeVm boot(Path directory, RuntimeSettings settings) throws Exception {
        HandMadeVm vm = new HandMadeVm(directory);
        try {
            vm.boot(GuestAssets.in(settings.cacheDir(), GuestAgent.fromClasspath())
                    .prepare(line -> {}));
            return vm;
        } catch (Exception | Error e) {
            vm.close();
            throw e;
        }
    }

    VsockHost vsock() {
        return device.host();
    }

    /** The device goes as for a save, and the guest is stopped. */
    void unplug() throws Exception {
        CompletableFuture<Void> left = new CompletableFuture<>();
        await(device.expectDetach(() -> left.complete(null)));
        execute("device_del", "'id':'vsock0'");
        hear("'event':'DEVICE_DELETED','data':{'device':'vsock0'");
        while (executed("chardev-remove", "'id':'vs'").contains("'error'")) {
            // QEMU lets go of it a little later than it says that the device is gone.
            Thread.onSpinWait();
        }
        await(left);
        execute("stop", "");
    }

    /** It comes back to its place, and the guest goes on. */
    void plugIn() throws Exception {
        execute(
                "chardev-add",
                "'id':'vs','backend':{'type':'socket','data':{'server':false,'addr':{'type':'unix','data':{'path':'"
                        + socket() + "'}}}}");
        execute("device_add", "'driver':'vhost-user-vsock-pci','id':'vsock0','chardev':'vs','bus':'pci.0','addr':'5'");
        execute("cont", "");
    }

    /** The guest has powered itself off. */
    void awaitExit() throws Exception {
        if (!qemu.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the VM did not power off; its console: " + console());
        }
    }

    private Path socket() {
        return directory.resolve("vsock");
    }

    private void boot(GuestKernel kernel) throws Exception {
        await(device.listen(socket(), peer -> MappedGuestMemory::open, pid -> true));
        Path qmp = directory.resolve("qmp");
        ServerSocketChannel monitors = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        monitors.bind(UnixDomainSocketAddress.of(qmp));
        CompletableFuture<Process> spawned = new CompletableFuture<>();
        daemon(() -> own(commandLine(kernel, qmp), spawned));
        qemu = await(spawned);
        CompletionStage<Process> exit = qemu.onExit();
        exit.thenRun(() -> close(monitors));
        monitor = monitors.accept();
        close(monitors);
        daemon(this::read);
        hear("'QMP'");
        execute("qmp_capabilities", "");
    }

    private List<String> commandLine(GuestKernel kernel, Path qmp) {
        List<String> line = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"));
        line.addAll(List.of("-M", "pc,memory-backend=mem", "-accel", "tcg", "-cpu", "max", "-m", "128M"));
        line.addAll(List.of("-object", "memory-backend-memfd,id=mem,size=128M,share=on"));
        line.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
        line.addAll(List.of("-rtc", "base=2020-01-01T00:00:00", "-serial", "file:" + directory.resolve("console")));
        line.addAll(List.of("-chardev", "socket,id=qmp,path=" + qmp, "-mon", "chardev=qmp,mode=control"));
        line.addAll(List.of("-chardev", "socket,id=vs,path=" + socket()));
        line.addAll(List.of("-device", "vhost-user-vsock-pci,id=vsock0,chardev=vs,bus=pci.0,addr=5"));
        line.addAll(List.of(
                "-kernel",
                kernel.kernel().toString(),
                "-initrd",
                kernel.initramfs().toString()));
        line.addAll(List.of("-append", KernelCommandLine.compose(KernelCommandLine.defaults(Accelerator.TCG), 1, "")));
        return line;
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "hand-made-vm");
        thread.setDaemon(true);
        thread.start();
    }

    /** In a thread that lives as long as the VM does: the signal of its parent's death is sent when that thread ends. */
    private void own(List<String> line, CompletableFuture<Process> spawned) {
        File output = directory.resolve("output").toFile();
        try {
            Process process = new ProcessBuilder(line)
                    .redirectErrorStream(true)
                    .redirectOutput(output)
                    .start();
            spawned.complete(process);
            process.waitFor();
        } catch (IOException e) {
            spawned.completeExceptionally(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(monitor), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(line.replace('"', '\'').replace("': ", "':").replace(", ", ","));
            }
        } catch (IOException e) {
            // It ends with its monitor.
        }
        said.add(ENDED);
    }

    private void execute(String command, String arguments) throws Exception {
        String answer = executed(command, arguments);
        if (answer.contains("'error'")) {
            throw new AssertionError(command + ": " + answer);
        }
    }

    private String executed(String command, String arguments) throws Exception {
        String line = "{'execute':'" + command + "','arguments':{" + arguments + "}}\n";
        ByteBuffer bytes = ByteBuffer.wrap(line.replace('\'', '"').getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            monitor.write(bytes);
        }
        return hear("{'return'", "{'error'");
    }

    /** Waits for a line of the monitor's that has one of these; the others stay to be asked for. */
    private String hear(String... awaited) throws Exception {
        for (int i = 0; i < unheard.size(); i++) {
            if (has(unheard.get(i), awaited)) {
                return unheard.remove(i);
            }
        }
        while (true) {
            String line = said.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
            if (line == null || line.equals(ENDED)) {
                throw new AssertionError("QEMU did not say " + String.join(" or ", awaited) + "; the guest's console: "
                        + console() + Files.readString(directory.resolve("output")));
            }
            if (has(line, awaited)) {
                return line;
            }
            unheard.add(line);
        }
    }

    private static boolean has(String line, String... awaited) {
        for (String one : awaited) {
            if (line.contains(one)) {
                return true;
            }
        }
        return false;
    }

    private static void close(Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String console() throws IOException {
        return Files.readString(directory.resolve("console"));
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        device.close();
        if (qemu != null) {
            qemu.destroyForcibly().onExit().join();
        }
        if (monitor != null) {
            close(monitor);
        }
        device.closed().toCompletableFuture().join();
        loops.close();
    }
}
