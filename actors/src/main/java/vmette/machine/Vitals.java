package vmette.machine;

import java.util.Objects;
import java.util.Optional;
import vmette.process.ProcessStat;

/**
 * What can be seen of a machine from outside, at one time.
 *
 * @param monitor its process; empty where it cannot be told
 * @param paused whether its guest's processors are held
 * @param payloads how many packets with bytes the guest has sent over vsock so far
 * @param loadPerCore of the host, see {@link vmette.process.HostLoad}
 */
public record Vitals(Optional<ProcessStat> monitor, boolean paused, long payloads, double loadPerCore) {
    /** Checks what is given. */
    public Vitals {
        Objects.requireNonNull(monitor, "monitor");
    }
}
