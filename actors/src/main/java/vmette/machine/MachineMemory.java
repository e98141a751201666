package vmette.machine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import vmette.config.RestoreMode;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteException;
import vmette.linux.OwnedFd;
import vmette.qemu.BootSource;
import vmette.qemu.MemoryBacking;
import vmette.qemu.QemuLaunch;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MemoryFile;

/** Where one machine's memory is, as far as saving and restoring it goes. Closed with the machine, and then all that it held is let go of. Thread-safe. */
abstract class MachineMemory implements AutoCloseable {
    /** The snapshot that a machine goes on from, and what keeps it from being removed. */
    record Template(Bundle bundle, OwnedFd held) {
        /** The machine is over. One without a name goes with the last that was restored from it, unless it is kept. Blocks. */
        void release() {
            held.close();
            if (bundle.isUnnamed()) {
                BundleStore.sweep(bundle.directory().getParent());
            }
        }
    }

    /** The launch of the machine with its memory there. */
    abstract QemuLaunch in(QemuLaunch launch);

    /** How it was had, if the machine goes on from a snapshot. */
    Optional<RestoreMode> restoredBy() {
        return Optional.empty();
    }

    /** The monitor has open what it needs. */
    void taken() {}

    /**
     * Prepares for all of it to be saved, while the machine runs.
     *
     * @throws SaveFailedException if it cannot be
     */
    abstract Whole whole();

    @Override
    public abstract void close();

    /** All of the memory of a machine that stands still, in a file. */
    interface Whole extends AutoCloseable {
        /** Where the monitor is to put it, if it is not there. */
        Optional<Path> place();

        /** The most that is written of it, in bytes. */
        long bytes();

        /** It is all there: it goes into a bundle. */
        void save(BundleWriter writer);

        @Override
        void close();
    }

    /** A file of its own. */
    static MachineMemory inFile(MemoryFile file) {
        return new InFile(file, Optional.empty());
    }

    /** A file of its own, filled with a snapshot's memory, which is checked on the way. Blocks. If it fails the file is closed. */
    static MachineMemory copied(MemoryFile file, Template from) {
        try {
            file.fill(from.bundle());
            return new InFile(file, Optional.of(from));
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /**
     * A snapshot's own, copied on write; it is checked first. Blocks.
     *
     * @param files makes a file for all of it, when it is to be saved
     */
    static MachineMemory ofBundle(Template from, Supplier<MemoryFile> files) {
        from.bundle().verifyOnce();
        return new OfBundle(from, files);
    }

    /** Nowhere it could be saved from. */
    static MachineMemory unsaveable(String why) {
        return new MachineMemory() {
            @Override
            QemuLaunch in(QemuLaunch launch) {
                return launch;
            }

            @Override
            Whole whole() {
                throw new SaveFailedException(why, null);
            }

            @Override
            public void close() {}
        };
    }

    private static final class InFile extends MachineMemory {
        private final MemoryFile file;
        private final Optional<Template> from;

        InFile(MemoryFile file, Optional<Template> from) {
            this.file = file;
            this.from = from;
        }

        @Override
        QemuLaunch in(QemuLaunch launch) {
            QemuLaunch saveable = launch.withMemory(new MemoryBacking.SharedFile(file.file()));
            return from.map(template -> saveable.withBoot(
                            new BootSource.Saved(template.bundle().state())))
                    .orElse(saveable);
        }

        @Override
        Optional<RestoreMode> restoredBy() {
            return from.map(template -> RestoreMode.COPY);
        }

        @Override
        void taken() {
            file.taken();
            // All of the snapshot that is needed is read.
            from.ifPresent(template -> template.held().close());
        }

        @Override
        Whole whole() {
            return new Whole() {
                @Override
                public Optional<Path> place() {
                    return Optional.empty();
                }

                @Override
                public long bytes() {
                    return file.allocated();
                }

                @Override
                public void save(BundleWriter writer) {
                    file.save(writer);
                }

                @Override
                public void close() {
                    // It is the machine's.
                }
            };
        }

        @Override
        public void close() {
            file.close();
            from.ifPresent(Template::release);
        }
    }

    private static final class OfBundle extends MachineMemory {
        private final Template from;
        private final Supplier<MemoryFile> files;

        OfBundle(Template from, Supplier<MemoryFile> files) {
            this.from = from;
            this.files = files;
        }

        @Override
        QemuLaunch in(QemuLaunch launch) {
            return launch.withMemory(new MemoryBacking.PrivateFile(from.bundle().memory()))
                    .withBoot(new BootSource.Saved(from.bundle().state()));
        }

        @Override
        Optional<RestoreMode> restoredBy() {
            return Optional.of(RestoreMode.COW);
        }

        @Override
        Whole whole() {
            MemoryFile file;
            try {
                file = files.get();
            } catch (VmetteException e) {
                throw new SaveFailedException("all of its memory has to be in a file for that: " + e.getMessage(), e);
            }
            return new Whole() {
                @Override
                public Optional<Path> place() {
                    return Optional.of(file.file());
                }

                @Override
                public long bytes() {
                    return from.bundle().manifest().memory().bytes();
                }

                @Override
                public void save(BundleWriter writer) {
                    file.save(writer);
                }

                @Override
                public void close() {
                    file.close();
                }
            };
        }

        @Override
        public void close() {
            from.release();
        }
    }
}
