package vmette.machine;

import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import vmette.errors.SaveFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.qemu.BlockDisk;
import vmette.qemu.SharedDirectory;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.StateFile;
import vmette.vmm.SnapshotSink;
import vmette.vmm.Vmm;
import vmette.vsock.VsockDevice;

/** Saves one machine into a store of bundles. */
final class Saver implements AutoCloseable {
    /** A guest lets go of a device within some ten ms; one under TCG on a loaded host in a hundred times that. */
    private static final Duration UNPLUG_TIMEOUT = Duration.ofSeconds(10);

    private final SnapshotPlaces places;
    private final MachineMemory memory;
    private final DiskSaver disks;
    private final Supplier<MachineIdentity> identity;
    private final Executor blocking;

    /**
     * @param memory the machine's; closed with this
     * @param disks of the machine's
     * @param identity of the machine; asked at each save, and may read files
     * @param blocking runs what blocks
     */
    Saver(
            SnapshotPlaces places,
            MachineMemory memory,
            DiskSaver disks,
            Supplier<MachineIdentity> identity,
            Executor blocking) {
        this.places = places;
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

    /** Its name goes; the monitor has it open. */
    void taken() {
        memory.taken();
    }

    /** See {@link Machine#save}. */
    CompletionStage<SaveReport> save(String snapshot, boolean thenEnd, Runnable goesOn, VsockDevice device, Vmm vmm) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return saveNow(snapshot, thenEnd, goesOn, device, vmm);
                    } catch (IllegalStateException closed) {
                        throw new VmLostException(
                                "the VM ended while it was saved" + SnapshotPlaces.as(snapshot)
                                        + ": nothing is left of that",
                                closed);
                    }
                },
                blocking);
    }

    private SaveReport saveNow(String snapshot, boolean thenEnd, Runnable goesOn, VsockDevice device, Vmm vmm) {
        MachineIdentity machine = told(snapshot, identity);
        try (MachineMemory.Whole whole = told(snapshot, memory::whole);
                BundleWriter writer = places.begin(snapshot, whole.bytes() + StateFile.MAX_BYTES);
                DiskSaver.Saving disk = disks.begin(writer)) {
            long[] stopped = new long[1];
            long[] inUse = new long[1];
            String[] id = {snapshot};
            SnapshotSink sink = new SnapshotSink() {
                @Override
                public void unplugs() {
                    // It leaves at once, and would be lost if the loop heard of that first.
                    device.expectDetach(() -> {}).toCompletableFuture().join();
                }

                @Override
                public void disksFrozen() {
                    disk.frozen();
                }

                @Override
                public void state(InputStream state) {
                    stopped[0] = System.nanoTime();
                    writer.state(state);
                }

                @Override
                public void standsStill() {
                    whole.save(writer);
                    // Now, since the machine may be gone when all is written.
                    inUse[0] = whole.bytes();
                    if (thenEnd) {
                        // Only what is whole on disk may be the last that there is of it.
                        disk.write();
                        id[0] = places.commit(writer, snapshot, machine);
                    }
                }
            };
            try {
                vmm.snapshot(disk.order(UNPLUG_TIMEOUT, thenEnd, whole.place()), sink)
                        .toCompletableFuture()
                        .join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException known ? known : e;
            }
            Duration stoodStill = Duration.ofNanos(System.nanoTime() - stopped[0]);
            if (!thenEnd) {
                goesOn.run();
                disk.write();
                id[0] = places.commit(writer, snapshot, machine);
            }
            return new SaveReport(id[0], stoodStill, inUse[0]);
        }
    }

    /** The machine runs, and goes on if this fails. */
    private static <T> T told(String snapshot, Supplier<T> asked) {
        try {
            return asked.get();
        } catch (VmetteException e) {
            throw new SaveFailedException(
                    "the VM cannot be saved" + SnapshotPlaces.as(snapshot) + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
