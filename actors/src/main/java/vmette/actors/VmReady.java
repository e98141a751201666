package vmette.actors;

import java.time.Duration;
import java.util.Optional;
import vmette.config.RestoreMode;
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
 * @param restoredBy how the memory of one that was restored was had, {@link RestoreMode#COW} or {@link RestoreMode#COPY}; empty after a boot
 */
public record VmReady(
        String kernel,
        long memoryBytes,
        Duration guestBootTime,
        Duration bootTime,
        VmmCapabilities capabilities,
        Optional<VmRenewal> renewal,
        Optional<RestoreMode> restoredBy) {
    /** One that has booted. */
    public VmReady(
            String kernel, long memoryBytes, Duration guestBootTime, Duration bootTime, VmmCapabilities capabilities) {
        this(kernel, memoryBytes, guestBootTime, bootTime, capabilities, Optional.empty(), Optional.empty());
    }
}
