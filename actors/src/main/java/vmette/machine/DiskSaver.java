package vmette.machine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import vmette.process.ChildProcesses;
import vmette.qemu.DiskLayer;
import vmette.qemu.QemuImg;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.DiskChain;
import vmette.snapshot.Manifest;
import vmette.vmm.SnapshotOrder;

/**
 * Saves the disk that a machine writes to. While the guest stands still an empty image is laid over it, and that is all: what lies beneath goes into the bundle when the guest is at work
 * again, by links where they go. One save at a time.
 */
final class DiskSaver {
    private final String vm;
    private final Optional<DiskChain> chain;
    private final ChildProcesses children;
    private final ReentrantLock busy = new ReentrantLock();

    /** @param chain empty: the machine writes to none */
    DiskSaver(String vm, Optional<DiskChain> chain, ChildProcesses children) {
        this.vm = vm;
        this.chain = chain;
        this.children = children;
    }

    /** One save, for the thread that began it. */
    final class Saving implements AutoCloseable {
        private final BundleWriter writer;
        private final Map<String, Path> overlays;
        private final boolean flatten;

        private Saving(BundleWriter writer, Map<String, Path> overlays, boolean flatten) {
            this.writer = writer;
            this.overlays = overlays;
            this.flatten = flatten;
        }

        /**
         * The order to save the machine.
         *
         * @param memory as the order has it
         */
        SnapshotOrder order(Duration unplugTimeout, boolean thenEnd, Optional<Path> memory) {
            Map<String, Path> bases = new HashMap<>();
            chain.ifPresent(disk -> disk.base().ifPresent(base -> bases.put(disk.device(), base)));
            return new SnapshotOrder(unplugTimeout, thenEnd, memory, overlays, bases);
        }

        /** The guest writes into them from now on, whatever becomes of the save. On any thread. */
        void frozen() {
            chain.ifPresent(DiskChain::goOn);
        }

        /** Puts what is frozen into the bundle; the guest may run. */
        void write() {
            if (chain.isEmpty()) {
                return;
            }
            if (flatten) {
                chain.get()
                        .flatten((layers, to) -> QemuImg.flatten(
                                children,
                                vm,
                                layers.stream()
                                        .map(layer -> new DiskLayer(layer.file(), layer.overlay()))
                                        .toList(),
                                to));
            }
            chain.get().save(writer);
        }

        /** What was made for it and is not used goes. */
        @Override
        public void close() {
            try {
                chain.ifPresent(DiskChain::giveUp);
            } finally {
                busy.unlock();
            }
        }
    }

    /**
     * Makes what has to be there before the guest is stopped. Blocks.
     *
     * @throws vmette.errors.SaveFailedException if the disk finds no room in the bundle, or has become too long a chain and cannot be made one file
     */
    Saving begin(BundleWriter writer) {
        busy.lock();
        try {
            if (chain.isEmpty()) {
                return new Saving(writer, Map.of(), false);
            }
            DiskChain disk = chain.get();
            boolean flatten = disk.linksOfNext() > Manifest.MAX_LINKS;
            boolean linked = disk.isLinkedBy(writer);
            long wanted = flatten || !linked ? disk.allocated() : 0;
            if (flatten) {
                QemuImg.require();
                disk.requireRoom(wanted);
            }
            if (!linked) {
                writer.requireRoom(wanted);
            }
            return new Saving(writer, Map.of(disk.device(), disk.grow()), flatten);
        } catch (RuntimeException | Error e) {
            busy.unlock();
            throw e;
        }
    }
}
