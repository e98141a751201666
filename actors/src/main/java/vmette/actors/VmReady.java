package vmette.actors;

import java.time.Duration;
import vmette.vmm.VmmCapabilities;

/**
 * What is known of a VM that has come up.
 *
 * @param kernel the guest's {@code uname -r}
 * @param memoryBytes memory the guest's kernel manages
 * @param guestBootTime the guest's own clock when its agent was ready
 * @param bootTime on the host, from the machine's being made to ready; what was fetched before is not in it
 * @param capabilities of its monitor
 */
public record VmReady(
        String kernel, long memoryBytes, Duration guestBootTime, Duration bootTime, VmmCapabilities capabilities) {}
