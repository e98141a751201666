package vmette.qemu;

import java.nio.file.Path;
import vmette.vhostuser.GuestMemoryAccess;

/** Where a machine's memory lies, and whether what the guest writes goes there. */
public sealed interface MemoryBacking {
    /** A memory file without a name, gone with the machine. */
    record Anonymous() implements MemoryBacking {}

    /**
     * The file is the memory: what the guest writes is in it.
     *
     * @param file absolute, as long as the memory or made so by QEMU, on a tmpfs with room for all of it
     */
    record SharedFile(Path file) implements MemoryBacking {
        /** Refuses a relative path. */
        public SharedFile {
            requireAbsolute(file);
        }
    }

    /**
     * The memory begins as the file is and goes its own way (copy on write): the guest writes nothing into it, and many
     * machines may begin from one file. Its vhost-user back-ends must not map the file, which virtiofsd would.
     *
     * @param file absolute, as long as the memory, readable and writable for QEMU, which opens it for both
     */
    record PrivateFile(Path file) implements MemoryBacking {
        /** Refuses a relative path. */
        public PrivateFile {
            requireAbsolute(file);
        }
    }

    /** How a back-end in this process reaches such memory. */
    default GuestMemoryAccess access() {
        return this instanceof PrivateFile ? GuestMemoryAccess.PRIVATE : GuestMemoryAccess.SHARED;
    }

    private static void requireAbsolute(Path file) {
        if (!file.isAbsolute()) {
            throw new IllegalArgumentException("a memory file's path is not absolute: " + file);
        }
    }
}
