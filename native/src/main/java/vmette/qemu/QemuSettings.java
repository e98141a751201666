package vmette.qemu;

import java.time.Duration;
import java.util.Objects;
import vmette.errors.InvalidConfigException;

/**
 * How QEMU is used, {@code vmette.qemu}.
 *
 * @param binary the program's path, or empty for {@code qemu-system-x86_64} on the PATH
 * @param accelerator what runs the guest
 * @param startTimeout how long QEMU may take from spawn until it answers on QMP and the guest runs, positive
 */
public record QemuSettings(String binary, Accelerator.Setting accelerator, Duration startTimeout) {
    /** QEMU on the PATH, {@code auto}, 10 s: it takes 25 to 100 ms, so that 10 s tell a hung one from a busy host. */
    public static final QemuSettings DEFAULT = new QemuSettings("", Accelerator.Setting.AUTO, Duration.ofSeconds(10));

    /**
     * @throws InvalidConfigException if the timeout is not positive
     */
    public QemuSettings {
        Objects.requireNonNull(binary, "binary");
        Objects.requireNonNull(accelerator, "accelerator");
        if (startTimeout.isNegative() || startTimeout.isZero()) {
            throw new InvalidConfigException(
                    "vmette.qemu.start-timeout = " + startTimeout + " is not positive: use a few seconds");
        }
    }
}
