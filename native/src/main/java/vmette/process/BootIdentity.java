package vmette.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import vmette.errors.VmetteIoException;

/** What makes a pid and a start time mean one process: the kernel's boot, and the pid namespace, since containers share the boot. */
final class BootIdentity {
    private BootIdentity() {}

    /** As {@code 01234567-89ab-cdef-0123-456789abcdef/pid:[4026531836]}. */
    static String ofThisHost() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + "/"
                    + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException e) {
            throw new VmetteIoException("cannot read the boot id or the pid namespace: mount /proc", e);
        }
    }
}
