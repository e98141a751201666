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
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.MemoryFile;
import vmette.snapshot.Sha256;
import vmette.snapshot.StateFile;
import vmette.vmm.SnapshotSink;
import vmette.vmm.Vmm;
import vmette.vsock.VsockDevice;

/** Saves one machine into a store of bundles. */
final class Saver implements AutoCloseable {
    /** A guest lets go of a device within some ten ms; one under TCG on a loaded host in a hundred times that. */
    private static final Duration UNPLUG_TIMEOUT = Duration.ofSeconds(10);

    private final BundleStore store;
    private final MemoryFile memory;
    private final DiskSaver disks;
    private final MachineIdentity identity;
    private final Executor blocking;

    /**
     * @param memory the machine's; closed with this
     * @param disks of the machine's
     * @param identity of the machine
     * @param blocking runs what blocks
     */
    Saver(BundleStore store, MemoryFile memory, DiskSaver disks, MachineIdentity identity, Executor blocking) {
        this.store = store;
        this.memory = memory;
        this.disks = disks;
        this.identity = identity;
        this.blocking = blocking;
    }

    /** Why a machine with these cannot be saved: something of it would go on changing outside the bundle. */
    static Optional<String> obstacle(List<BlockDisk> disks, List<SharedDirectory> shares) {
        Optional<String> share =
                shares.stream().findFirst().map(each -> "the shared directory with the tag " + each.tag());
        return share.or(() -> disks.stream()
                        .filter(disk -> !disk.readOnly() && !disk.ephemeral())
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
            spec.put("disk " + ++number, describe(disk));
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

    /** A disk that is gone with the VM is what the guest knows of it, any other the file that it is. */
    private static String describe(BlockDisk disk) {
        return disk.ephemeral()
                ? disk.serial() + " of " + (disk.bytes() >> 20) + " MiB"
                : disk.image().toString();
    }

    /** Its name goes; the monitor has it open. */
    void taken() {
        memory.taken();
    }

    /** See {@link Machine#save}. */
    CompletionStage<Void> save(String snapshot, boolean thenEnd, VsockDevice device, Vmm vmm) {
        return CompletableFuture.runAsync(() -> saveNow(snapshot, thenEnd, device, vmm), blocking);
    }

    private void saveNow(String snapshot, boolean thenEnd, VsockDevice device, Vmm vmm) {
        try (BundleWriter writer = store.begin(snapshot, memory.allocated() + StateFile.MAX_BYTES);
                DiskSaver.Saving disk = disks.begin(writer)) {
            device.expectDetach();
            SnapshotSink sink = new SnapshotSink() {
                @Override
                public void disksFrozen() {
                    disk.frozen();
                }

                @Override
                public void state(InputStream state) {
                    writer.state(state);
                }

                @Override
                public void standsStill() {
                    memory.save(writer);
                    if (thenEnd) {
                        // Only what is whole on disk may be the last that there is of it.
                        disk.write();
                        writer.commit(identity);
                    }
                }
            };
            try {
                vmm.snapshot(disk.order(UNPLUG_TIMEOUT, thenEnd), sink)
                        .toCompletableFuture()
                        .join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException known ? known : e;
            }
            if (!thenEnd) {
                disk.write();
                writer.commit(identity);
            }
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
