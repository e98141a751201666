package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import vmette.vmm.VmmCapabilities;

/**
 * What is known of a VM that has come up.
 *
 * @param kernel the guest's {@code uname -r}
 * @param memoryBytes memory the guest's kernel manages
 * @param guestBootTime the guest's own clock when its agent was ready
 * @param bootTime on the host, from the machine's being made to ready; what was fetched before is not in it
 * @param capabilities of its monitor
 * @param renewal of a guest that was restored, what it took; empty after a boot
 */
public record VmReady(
        String kernel,
        long memoryBytes,
        Duration guestBootTime,
        Duration bootTime,
        VmmCapabilities capabilities,
        Optional<VmRenewal> renewal) {
    /** One that has booted. */
    public VmReady(
            String kernel, long memoryBytes, Duration guestBootTime, Duration bootTime, VmmCapabilities capabilities) {
        this(kernel, memoryBytes, guestBootTime, bootTime, capabilities, Optional.empty());
    }
}
