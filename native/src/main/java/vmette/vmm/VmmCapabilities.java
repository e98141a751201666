package vmette.vmm;

/**
 * What a monitor can do.
 *
 * @param accelerator {@code kvm} or {@code tcg}; {@code none} for a fake
 * @param hardwareIsolation whether the guest runs under hardware virtualisation: a security boundary
 * @param snapshots whether this VM can be saved
 * @param description for people: name and version
 * @param version the monitor's, as far as it has told; else empty
 */
public record VmmCapabilities(
        String accelerator, boolean hardwareIsolation, boolean snapshots, String description, String version) {
    /** Of a monitor that tells no version. */
    public VmmCapabilities(String accelerator, boolean hardwareIsolation, boolean snapshots, String description) {
        this(accelerator, hardwareIsolation, snapshots, description, "");
    }

    /** Whether the monitor translates the guest's code itself, so that whatever runs first in a VM is slow. */
    public boolean translatesCode() {
        return accelerator.equals("tcg");
    }
}
