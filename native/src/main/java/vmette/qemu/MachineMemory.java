package vmette.qemu;

import java.nio.file.Path;
import java.util.Objects;

/** Where a machine's memory is. */
public sealed interface MachineMemory {
    /** Shared memory without a name. A machine that has it cannot be saved. */
    record Anonymous() implements MachineMemory {}

    /**
     * A file of the memory's size. The machine can be saved if it is shared.
     *
     * @param file on a tmpfs; a save copies it while the guest stands still
     * @param shared whether what the guest writes goes into the file, where back-ends of vhost-user devices can map it; else the guest writes to
     *     pages of its own, and no such back-end may be given the file
     */
    record File(Path file, boolean shared) implements MachineMemory {
        /** Refuses null. */
        public File {
            Objects.requireNonNull(file, "file");
        }
    }
}
