package vmette.machine;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.guest.GuestKernel;
import vmette.qemu.Accelerator;
import vmette.qemu.BlockDisk;
import vmette.qemu.QemuLaunch;
import vmette.qemu.SharedDirectory;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.MemoryFile;
import vmette.snapshot.Sha256;
import vmette.snapshot.StateFile;
import vmette.vmm.SnapshotOrder;
import vmette.vmm.SnapshotSink;
import vmette.vmm.Vmm;
import vmette.vsock.VsockDevice;

/** Saves one machine into a store of bundles. */
final class Saver implements AutoCloseable {
    /** A guest lets go of a device within some ten ms; one under TCG on a loaded host in a hundred times that. */
    private static final Duration UNPLUG_TIMEOUT = Duration.ofSeconds(10);

    private final LazyStore store;
    private final MemoryFile memory;
    private final MachineIdentity identity;
    private final Executor blocking;

    /**
     * @param memory the machine's; closed with this
     * @param identity of the machine
     * @param blocking runs what blocks
     */
    Saver(LazyStore store, MemoryFile memory, MachineIdentity identity, Executor blocking) {
        this.store = store;
        this.memory = memory;
        this.identity = identity;
        this.blocking = blocking;
    }

    /** Why a machine with these cannot be saved: something of it would go on changing outside the bundle. */
    static Optional<String> obstacle(List<BlockDisk> disks, List<SharedDirectory> shares) {
        Optional<String> share =
                shares.stream().findFirst().map(each -> "the shared directory with the tag " + each.tag());
        return share.or(() -> disks.stream()
                        .filter(disk -> !disk.readOnly())
                        .findFirst()
                        .map(disk -> "the writable disk " + disk.image()))
                .map(what -> what + " is outside of what is saved");
    }

    /** Blocks: reads kernel and initramfs the first time. */
    static MachineIdentity identity(
            String version, Accelerator accelerator, QemuLaunch launch, GuestKernel kernel, String commandLine) {
        SortedMap<String, String> spec = new TreeMap<>();
        spec.put("cmdline", commandLine);
        spec.put("net", launch.network().getClass().getSimpleName());
        int number = 0;
        for (BlockDisk disk : launch.disks()) {
            spec.put("disk " + ++number, disk.image().toString());
        }
        try {
            return new MachineIdentity(
                    "qemu",
                    version,
                    "pc",
                    accelerator.word(),
                    accelerator.processor(),
                    launch.vcpus(),
                    launch.memoryMib(),
                    Sha256.ofLasting(kernel.kernel()),
                    Sha256.ofLasting(kernel.initramfs()),
                    spec);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot read " + kernel.kernel() + " and " + kernel.initramfs() + ": " + Reasons.of(e), e);
        }
    }

    /** Its name goes; the monitor has it open. */
    void taken() {
        memory.taken();
    }

    /** See {@link Machine#save}. */
    CompletionStage<SaveReport> save(String snapshot, boolean thenEnd, VsockDevice device, Vmm vmm) {
        return CompletableFuture.supplyAsync(() -> saveNow(snapshot, thenEnd, device, vmm), blocking);
    }

    private SaveReport saveNow(String snapshot, boolean thenEnd, VsockDevice device, Vmm vmm) {
        long bytes = memory.allocated();
        try (BundleWriter writer = store.get().begin(snapshot, bytes + StateFile.MAX_BYTES)) {
            long[] stopped = new long[1];
            device.expectDetach();
            SnapshotSink sink = new SnapshotSink() {
                @Override
                public void state(InputStream state) {
                    stopped[0] = System.nanoTime();
                    writer.state(state);
                }

                @Override
                public void standsStill() {
                    memory.save(writer);
                    if (thenEnd) {
                        // Only what is whole on disk may be the last that there is of it.
                        writer.commit(identity);
                    }
                }
            };
            try {
                vmm.snapshot(new SnapshotOrder(UNPLUG_TIMEOUT, thenEnd), sink)
                        .toCompletableFuture()
                        .join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException known ? known : e;
            }
            Duration stoodStill = Duration.ofNanos(System.nanoTime() - stopped[0]);
            if (!thenEnd) {
                writer.commit(identity);
            }
            return new SaveReport(snapshot, stoodStill, bytes);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
