package vmette.qemu;

import java.nio.file.Path;
import java.util.Optional;
import vmette.errors.StartFailedException;
import vmette.process.Executables;

/** Finds QEMU. It is not run for that: its version comes with the QMP greeting. */
final class QemuProbe {
    static final String PROGRAM = "qemu-system-x86_64";

    private QemuProbe() {}

    static Path find(Optional<Path> setting) {
        if (setting.isEmpty()) {
            return Executables.find(PROGRAM)
                    .orElseThrow(() -> new StartFailedException("QEMU not found: " + PROGRAM
                            + " is not on the PATH; install the package qemu-system-x86 or set vmette.qemu.binary"));
        }
        Path binary = setting.get().toAbsolutePath();
        if (!Executables.isExecutable(binary)) {
            throw new StartFailedException("QEMU not found: vmette.qemu.binary = \"" + setting.get()
                    + "\" is no executable file; correct it, or leave it empty to search the PATH for " + PROGRAM);
        }
        return binary;
    }
}
