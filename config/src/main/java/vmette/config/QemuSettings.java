package vmette.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * {@code vmette.qemu}.
 *
 * @param binary the emulator, or empty: looked up in PATH
 * @param accelerator how instructions are executed
 * @param startTimeout from spawn until the monitor answers, positive
 */
public record QemuSettings(Optional<Path> binary, AcceleratorChoice accelerator, Duration startTimeout) {
    /** Checks what is given. */
    public QemuSettings {
        Checks.positive("qemu.start-timeout", startTimeout);
    }
}
