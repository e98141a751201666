package vmette.bench;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.guest.protocol.Token;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;

/**
 * Restores VMs without the product: QEMU spawned as it is, one blocking dialogue over QMP, {@link PeerBackend} for the vsock device, and the same agent.
 * That back-end maps the guest's memory and would write into the snapshot, so each VM has a copy of it on a tmpfs, made before the clock starts, and the back-end is there
 * before it starts as well.
 */
final class BareRestore implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 120;
    private static final Path SHARED = Path.of("/dev/shm");
    private static final int BLOCK = 64 << 10;
    private static final int MOST_FORGOTTEN = 20;
    private static final Redirect NOWHERE = Redirect.to(new File("/dev/null"));

    /** What is done one after the other. */
    enum Step {
        GREETED("QEMU has greeted"),
        LOADED("its state is loaded"),
        PLUGGED("its vsock device is plugged in"),
        RUNNING("the guest was told to go on"),
        DRIVER_UP("the guest's driver has taken the device"),
        CONNECTED("the agent's connection stands"),
        RENEWED("the guest is renewed"),
        STARTED("the command runs"),
        FIRST_BYTE("its first byte is here");

        private final String text;

        Step(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    private final ChildProcesses children;
    private final PeerBackend backend;
    private final List<String> productLine;
    private final SnapshotTemplate template;
    private int restored;
    private int forgotten;

    /** @param productLine of the product's VM that was restored from this snapshot by copy-on-write */
    BareRestore(RuntimeSettings settings, PeerBackend backend, List<String> productLine, SnapshotTemplate template) {
        this.children = ChildProcesses.open(
                RuntimeDirectory.open(settings.runtimeDir().map(Path::toString).orElse("")));
        this.backend = backend;
        this.productLine = productLine;
        this.template = template;
    }

    /**
     * The product's line with other files. Pure.
     *
     * @throws InvalidConfigException if that line is not of the form known here
     */
    static List<String> line(List<String> product, Path snapshotMemory, Path memory, Path monitor) {
        List<String> line = new ArrayList<>();
        int known = 0;
        for (String word : product) {
            if (word.startsWith("memory-backend-file,")
                    && word.endsWith(
                            ",share=off,mem-path=" + snapshotMemory.toString().replace(",", ",,"))) {
                known++;
                line.add(word.substring(0, word.indexOf(",share=off,")) + ",share=on,mem-path=" + memory);
            } else if (word.startsWith("socket,id=qmp,path=")) {
                known++;
                line.add("socket,id=qmp,path=" + monitor);
            } else {
                line.add(word);
            }
        }
        if (known != 2) {
            throw new InvalidConfigException("the QEMU command line of the restored VM to be compared with is not as"
                    + " BareRestore knows it: " + String.join(" ", product));
        }
        return List.copyOf(line);
    }

    /** Milliseconds from before the spawn to each step of one restore; nothing is left of it on return. */
    Map<Step, Double> restore(String command) {
        for (; ; ) {
            try {
                return restoreOnce(command);
            } catch (SocketTimeoutException e) {
                if (++forgotten > MOST_FORGOTTEN) {
                    throw new StartFailedException("the bare restore failed: " + e.getMessage(), e);
                }
            }
        }
    }

    /** How many restores were made again, since the back-end had forgotten a connection. */
    int forgotten() {
        return forgotten;
    }

    private Map<Step, Double> restoreOnce(String command) throws SocketTimeoutException {
        Path directory = children.directory().createVmDirectory("bare-" + ++restored);
        Path device = directory.resolve("vhost.sock");
        Path streams = directory.resolve("s.sock");
        Process back = backend.start(children, device, streams);
        List<Process> processes = new ArrayList<>(List.of(back));
        Path memory = null;
        try (BareMonitor monitor = new BareMonitor(directory.resolve("qmp.sock"));
                BareAgent agent = new BareAgent(streams)) {
            memory = Files.createTempFile(SHARED, "vmette-bench-", "");
            copy(template.memory(), memory);
            List<String> line = line(productLine, template.memory(), memory, directory.resolve("qmp.sock"));
            return restore(line, command, processes, device, monitor, agent);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            throw new StartFailedException("the bare restore failed: " + e.getMessage() + lastWords(back), e);
        } finally {
            processes.forEach(Process::destroyForcibly);
            processes.forEach(process -> Await.on(process.onExit()));
            remove(memory);
            children.directory().removeVmDirectory(directory);
        }
    }

    /** What the back-end has said, if it ended. */
    private static String lastWords(Process back) {
        if (back.isAlive()) {
            return "";
        }
        try {
            return "; the back-end: "
                    + new String(back.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "";
        }
    }

    private Map<Step, Double> restore(
            List<String> line,
            String command,
            List<Process> processes,
            Path device,
            BareMonitor monitor,
            BareAgent agent)
            throws IOException {
        Map<Step, Double> times = new EnumMap<>(Step.class);
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectInput(template.state().toFile())
                .redirectOutput(NOWHERE)
                .redirectError(Redirect.INHERIT);
        long begun = System.nanoTime();
        Process qemu = builder.start();
        processes.add(qemu);
        Executor later = CompletableFuture.delayedExecutor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        later.execute(() -> processes.forEach(Process::destroyForcibly));
        monitor.meet();
        times.put(Step.GREETED, BareQemu.millisSince(begun));
        monitor.load();
        times.put(Step.LOADED, BareQemu.millisSince(begun));
        monitor.plugVsock(device);
        times.put(Step.PLUGGED, BareQemu.millisSince(begun));
        monitor.goOn();
        times.put(Step.RUNNING, BareQemu.millisSince(begun));
        monitor.awaitDriver();
        times.put(Step.DRIVER_UP, BareQemu.millisSince(begun));
        agent.connect();
        times.put(Step.CONNECTED, BareQemu.millisSince(begun));
        agent.renew();
        times.put(Step.RENEWED, BareQemu.millisSince(begun));
        Token output = agent.start(command);
        times.put(Step.STARTED, BareQemu.millisSince(begun));
        agent.firstByte(output);
        times.put(Step.FIRST_BYTE, BareQemu.millisSince(begun));
        return times;
    }

    /** Zeroes are left out. */
    private static void copy(Path from, Path to) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        byte[] zeroes = new byte[BLOCK];
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(to, StandardOpenOption.WRITE)) {
            long size = in.size();
            for (long at = 0; at < size; at += block.position()) {
                if (in.read(block.clear(), at) < 0) {
                    throw new IOException(from + " became shorter");
                }
                int count = block.position();
                if (!ByteBuffer.wrap(zeroes, 0, count).equals(block.flip())) {
                    out.write(block, at);
                }
                block.position(count);
            }
            if (out.size() < size) {
                out.write(ByteBuffer.wrap(zeroes, 0, 1), size - 1);
            }
        }
    }

    private static void remove(Path memory) {
        if (memory != null && !memory.toFile().delete()) {
            System.err.println("bench: " + memory + " could not be removed");
        }
    }

    @Override
    public void close() {
        children.close();
    }
}
