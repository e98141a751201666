package vmette.qemu;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import vmette.errors.StartFailedException;
import vmette.process.Executables;

/** Finds QEMU. It is not run for that: its version comes with the QMP greeting. */
final class QemuProbe {
    static final String PROGRAM = "qemu-system-x86_64";

    private QemuProbe() {}

    static Path find(String setting) {
        if (setting.isEmpty()) {
            return Executables.find(PROGRAM)
                    .orElseThrow(() -> new StartFailedException("QEMU not found: " + PROGRAM
                            + " is not on the PATH; install the package qemu-system-x86 or set vmette.qemu.binary"));
        }
        try {
            Path binary = Path.of(setting).toAbsolutePath();
            if (Executables.isExecutable(binary)) {
                return binary;
            }
        } catch (InvalidPathException e) {
            throw notExecutable(setting, e);
        }
        throw notExecutable(setting, null);
    }

    private static StartFailedException notExecutable(String setting, Throwable cause) {
        return new StartFailedException(
                "QEMU not found: vmette.qemu.binary = \"" + setting
                        + "\" is no executable file; correct it, or leave it empty to search the PATH for " + PROGRAM,
                cause);
    }
}
