package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;
import vmette.errors.SaveFailedException;
import vmette.errors.VmLostException;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.vmm.SnapshotOrder;
import vmette.vmm.SnapshotSink;
import vmette.vmm.Vmm;
import vmette.vmm.VmmExit;

/** A VM whose memory is private is saved by a second QEMU. Real QEMU, no kernel: the firmware finds nothing to boot and idles. */
class FlattenIT {
    private static final long MIB = 64;
    private static final long DEADLINE_SECONDS = 100;
    private static final Duration UNPLUG = Duration.ofSeconds(50);
    private static final QemuSettings SETTINGS =
            new QemuSettings(Optional.empty(), AcceleratorChoice.TCG, Duration.ofSeconds(50));

    @TempDir
    private Path temporary;

    private ChildProcesses children;
    private Path template;
    private BlockDisk disk;

    @BeforeEach
    void open() throws Exception {
        children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()));
        template = zeroes("template", MIB << 20);
        disk = new BlockDisk(zeroes("disk", 8 << 20), false, "root", false, false);
    }

    @AfterEach
    void close() {
        children.close();
        assertThat(monitors()).isEmpty();
    }

    private Path zeroes(String name, long bytes) throws IOException {
        Path file = temporary.resolve(name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), bytes - 1);
        }
        return file;
    }

    private QemuLaunch launch(BootSource boot, MemoryBacking memory, NetworkCard network) {
        Path directory = children.directory().createVmDirectory("test");
        return new QemuLaunch("test", boot, 1, MIB, directory, false, network, List.of(disk), List.of())
                .withMemory(memory);
    }

    private Vmm started(QemuLaunch launch) throws Exception {
        return started(SETTINGS, launch);
    }

    private Vmm started(QemuSettings settings, QemuLaunch launch) throws Exception {
        Vmm vmm = QemuHypervisor.open(settings, children).create(launch);
        await(vmm.start());
        return vmm;
    }

    private Vmm privateOne() throws Exception {
        return started(
                launch(new BootSource.Firmware(), new MemoryBacking.PrivateFile(template), new NetworkCard.Slirp()));
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private static List<Long> monitors() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("qemu-system"))
                .map(ProcessHandle::pid)
                .toList();
    }

    /** The processes other than this. */
    private static Stream<ProcessHandle> others(Vmm vmm) {
        return monitors().stream()
                .filter(pid -> pid != vmm.pid().getAsLong())
                .flatMap(pid -> ProcessHandle.of(pid).stream());
    }

    private static SnapshotOrder order(Path memory, boolean thenQuit) {
        return new SnapshotOrder(UNPLUG, thenQuit, Optional.of(memory), Map.of(), Map.of());
    }

    /** Takes all, and does something at each step. */
    private static final class Taking implements SnapshotSink {
        private final Consumer<String> then;
        private byte[] state = {};

        Taking(Consumer<String> then) {
            this.then = then;
        }

        @Override
        public void state(InputStream from) {
            then.accept("state");
            try {
                state = from.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void standsStill() {
            then.accept("memory");
        }
    }

    @Test
    void isSavedAsOftenAsAskedAndGoesOnElsewhere() throws Exception {
        Vmm vmm = privateOne();
        assertThat(vmm.capabilities().snapshots()).isTrue();
        Path whole = zeroes("whole", MIB << 20);
        for (boolean quit : List.of(false, true)) {
            Files.delete(whole);
            zeroes("whole", MIB << 20);
            Taking sink = new Taking(step -> {
                assertThat(vmm.isPaused()).isTrue();
                assertThat(others(vmm)).hasSize(1);
            });
            await(vmm.snapshot(order(whole, quit), sink));
            // The memory is not in it.
            assertThat(sink.state.length).isBetween(10_000, 4 << 20);
            Files.write(temporary.resolve("state"), sink.state);
            if (!quit) {
                assertThat(vmm.isPaused()).isFalse();
                assertThat(others(vmm)).isEmpty();
            }
        }
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.REQUESTED);
        assertThat(monitors()).isEmpty();
        // What the firmware had written is in there, and not in what the VM began from.
        assertThat(isZeroes(whole)).isFalse();
        assertThat(isZeroes(template)).isTrue();
        BootSource saved = new BootSource.Saved(temporary.resolve("state"));
        Vmm restored = started(launch(saved, new MemoryBacking.SharedFile(whole), new NetworkCard.Slirp()));
        assertThat(restored.isPaused()).isFalse();
        restored.quit();
        await(restored.whenExited());
    }

    @Test
    void itsNetworkIsLeftAlone() throws Exception {
        Path socket = temporary.resolve("net.sock");
        try (ServerSocketChannel passt = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            passt.bind(UnixDomainSocketAddress.of(socket));
            passt.configureBlocking(false);
            NetworkCard card = new NetworkCard.Stream(socket);
            Vmm vmm = started(launch(new BootSource.Firmware(), new MemoryBacking.PrivateFile(template), card));
            assertThat(passt.accept()).isNotNull();
            Path whole = zeroes("whole", MIB << 20);
            Taking sink = new Taking(step -> {});
            await(vmm.snapshot(order(whole, true), sink));
            await(vmm.whenExited());
            assertThat(passt.accept()).isNull();
            BootSource saved = new BootSource.Saved(Files.write(temporary.resolve("state"), sink.state));
            Vmm restored = started(launch(saved, new MemoryBacking.PrivateFile(whole), card));
            assertThat(passt.accept()).isNotNull();
            restored.quit();
            await(restored.whenExited());
        }
    }

    private static boolean isZeroes(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer piece = ByteBuffer.allocate(1 << 20);
            while (channel.read(piece.clear()) > 0) {
                if (piece.flip().mismatch(ByteBuffer.allocate(piece.limit())) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }

    @Test
    void whateverBecomesOfTheSecondTheFirstGoesOn() throws Exception {
        Vmm vmm = privateOne();
        // There is nowhere to put the memory: it does not start.
        assertThatThrownBy(
                        () -> await(vmm.snapshot(order(temporary.resolve("none/whole"), true), new Taking(step -> {}))))
                .cause()
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("VM test was not saved and goes on: the second QEMU")
                .hasMessageContaining("none/whole");
        assertGoesOn(vmm);
        // It dies while it tells its state.
        assertThatThrownBy(
                        () -> await(vmm.snapshot(order(zeroes("first", MIB << 20), true), new Taking(step -> others(vmm)
                                .forEach(ProcessHandle::destroyForcibly)))))
                .cause()
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("second QEMU");
        assertGoesOn(vmm);
        // What it tells cannot be taken.
        assertThatThrownBy(() -> await(vmm.snapshot(order(zeroes("second", MIB << 20), true), new Taking(step -> {
                    throw new SaveFailedException("the disk is full", null);
                }))))
                .cause()
                .isInstanceOf(SaveFailedException.class)
                .hasMessage("the disk is full");
        assertGoesOn(vmm);
        await(vmm.snapshot(order(zeroes("third", MIB << 20), false), new Taking(step -> {})));
        assertGoesOn(vmm);
        vmm.quit();
        await(vmm.whenExited());
    }

    @Test
    void aSecondThatCannotTakeAllOfItIsNotSaved() throws Exception {
        // It has no disk.
        Path lesser = Files.writeString(
                temporary.resolve("lesser"),
                "#!/bin/sh\ncase \"$*\" in *null-co*) n=$#; while [ $n -gt 2 ]; do set -- \"$@\" \"$1\"; shift; n=$((n-1)); done; shift 2;; esac\n"
                        + "exec " + QemuProbe.find(Optional.empty()) + " \"$@\"\n");
        assertThat(lesser.toFile().setExecutable(true)).isTrue();
        Vmm vmm = started(
                new QemuSettings(Optional.of(lesser), AcceleratorChoice.TCG, SETTINGS.startTimeout()),
                launch(new BootSource.Firmware(), new MemoryBacking.PrivateFile(template), new NetworkCard.None()));
        for (String name : List.of("one", "two")) {
            Taking sink = new Taking(step -> {});
            assertThatThrownBy(() -> await(vmm.snapshot(order(zeroes(name, MIB << 20), true), sink)))
                    .cause()
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("VM test was not saved and goes on")
                    .hasMessageContaining("it said: ")
                    .hasMessageContaining("virtio-blk");
            assertThat(sink.state).isEmpty();
            assertGoesOn(vmm);
        }
        vmm.quit();
        await(vmm.whenExited());
    }

    private static void assertGoesOn(Vmm vmm) throws Exception {
        assertThat(vmm.isPaused()).isFalse();
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
        assertThat(others(vmm)).isEmpty();
        await(vmm.pause());
        await(vmm.resume());
    }

    @Test
    void theSecondDoesNotOutliveTheFirst() throws Exception {
        Vmm vmm = privateOne();
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<Void> goOn = new CompletableFuture<>();
        CompletionStage<Void> saved = vmm.snapshot(order(zeroes("whole", MIB << 20), false), new Taking(step -> {
            if (step.equals("memory")) {
                reached.complete(null);
                goOn.join();
            }
        }));
        await(reached);
        assertThat(monitors()).hasSize(2);
        ProcessHandle.of(vmm.pid().getAsLong()).orElseThrow().destroyForcibly();
        await(vmm.whenExited());
        assertThat(monitors()).isEmpty();
        goOn.complete(null);
        assertThatThrownBy(() -> await(saved))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(VmLostException.class);
    }

    @Test
    void nothingStartsWithoutAPlaceForTheMemory() throws Exception {
        Vmm vmm = privateOne();
        assertThatThrownBy(() -> await(vmm.snapshot(new SnapshotOrder(UNPLUG, true), new Taking(step -> {}))))
                .cause()
                .isInstanceOf(IllegalArgumentException.class);
        assertGoesOn(vmm);
        vmm.quit();
        await(vmm.whenExited());
    }
}
