package vmette.vmm;

/**
 * What a monitor can do.
 *
 * @param accelerator {@code kvm} or {@code tcg}
 * @param hardwareIsolation whether the guest runs under hardware virtualisation: a security boundary
 * @param snapshots whether VMs can be saved and restored
 * @param description for people: name and version
 */
public record VmmCapabilities(String accelerator, boolean hardwareIsolation, boolean snapshots, String description) {}
