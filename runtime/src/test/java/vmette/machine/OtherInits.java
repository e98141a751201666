package vmette.machine;

import java.util.List;
import vmette.config.RuntimeSettings;
import vmette.rootfs.RootfsProgress;

/** Machines whose VMs may say in their environment, as {@code PID1}, which program of their initramfs is to be the first. */
public final class OtherInits {
    /** The variable. */
    public static final String PID1 = "PID1";

    private OtherInits() {}

    /** Has the loop that the next machine would be served by fail, and with it all machines that it serves. */
    public static void failLoop(QemuMachines machines, Error error) {
        machines.loops().next().execute(() -> {
            throw error;
        });
    }

    /** Machines with these settings; a VM without the variable boots as ever. */
    public static QemuMachines create(RuntimeSettings settings) {
        return new QemuMachines(
                settings,
                RootfsProgress.NONE,
                List::of,
                spec -> spec.env().containsKey(PID1) ? "rdinit=" + spec.env().get(PID1) : "");
    }
}
