package vmette.vmm;

/**
 * What a monitor can do.
 *
 * @param accelerator {@code kvm} or {@code tcg}; {@code none} for a fake, {@code unknown} where the monitor does not tell
 * @param hardwareIsolation whether the guest runs under hardware virtualisation: a security boundary
 * @param snapshots whether this VM can be saved
 * @param pauses whether its guest can be held
 * @param vsock whether its vsock device is one of ours, by which its agent is reached
 * @param description for people: name and version
 * @param version the monitor's, as far as it has told; else empty
 */
public record VmmCapabilities(
        String accelerator,
        boolean hardwareIsolation,
        boolean snapshots,
        boolean pauses,
        boolean vsock,
        String description,
        String version) {
    /** Of a monitor that can do all that but, perhaps, save. */
    public VmmCapabilities(
            String accelerator, boolean hardwareIsolation, boolean snapshots, String description, String version) {
        this(accelerator, hardwareIsolation, snapshots, true, true, description, version);
    }

    /** Of one that tells no version either. */
    public VmmCapabilities(String accelerator, boolean hardwareIsolation, boolean snapshots, String description) {
        this(accelerator, hardwareIsolation, snapshots, description, "");
    }

    /** Whether the monitor translates the guest's code itself, so that whatever runs first in a VM is slow. */
    public boolean translatesCode() {
        return accelerator.equals("tcg");
    }
}
