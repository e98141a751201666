package vmette.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import vmette.journal.Journal;
import vmette.qemu.BlockDisk;
import vmette.qemu.DiskContent;
import vmette.qemu.DiskLayer;
import vmette.rootfs.ScratchDisk;
import vmette.snapshot.Bundle;
import vmette.snapshot.DiskChain;

/** The disk for what one incarnation writes. One that can be saved keeps its names while the incarnation lives, else they go with its start. */
final class Scratch implements AutoCloseable {
    private final BlockDisk disk;
    private final Optional<ScratchDisk> plain;
    private final Optional<DiskChain> chain;

    private Scratch(BlockDisk disk, Optional<ScratchDisk> plain, Optional<DiskChain> chain) {
        this.disk = disk;
        this.plain = plain;
        this.chain = chain;
    }

    /**
     * Where scratch disks are made, and of what.
     *
     * @param directory made if there is none
     * @param saveable whether they may be saved
     * @param from what the VM goes on from
     */
    record Source(Path directory, boolean saveable, Optional<Bundle> from) {
        /** Of VMs that are not saved. */
        static Source of(Path directory) {
            return new Source(directory, false, Optional.empty());
        }
    }

    /** Blocks. */
    static Scratch make(Source source, long mib, Journal journal) {
        if (!source.saveable) {
            ScratchDisk plain = ScratchDisk.create(source.directory, mib, journal);
            return new Scratch(
                    new BlockDisk(plain.file(), false, StorageParts.SCRATCH, false, true),
                    Optional.of(plain),
                    Optional.empty());
        }
        Path directory = ScratchDisk.directory(source.directory);
        DiskChain chain = source.from.isPresent()
                ? DiskChain.over(source.from.get(), StorageParts.SCRATCH, mib << 20, directory, journal)
                : DiskChain.create(StorageParts.SCRATCH, mib << 20, directory, journal, ScratchDisk::format);
        return new Scratch(
                new BlockDisk(chain.top().file(), false, StorageParts.SCRATCH, false, true, content(chain)),
                Optional.empty(),
                Optional.of(chain));
    }

    private static DiskContent content(DiskChain chain) {
        List<DiskLayer> beneath = chain.beneath().stream()
                .map(layer -> new DiskLayer(layer.file(), layer.overlay()))
                .toList();
        return beneath.isEmpty() ? new DiskContent.Raw() : new DiskContent.Overlay(beneath);
    }

    BlockDisk disk() {
        return disk;
    }

    /** Empty: it cannot be saved. */
    Optional<DiskChain> chain() {
        return chain;
    }

    /** The monitor has it open. */
    void taken() {
        plain.ifPresent(ScratchDisk::taken);
    }

    @Override
    public void close() {
        plain.ifPresent(ScratchDisk::close);
        chain.ifPresent(DiskChain::close);
    }
}
