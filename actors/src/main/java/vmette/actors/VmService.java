package vmette.actors;

import java.util.Objects;
import vmette.config.RestartMode;
import vmette.config.fleet.Service;

/**
 * What each incarnation of a VM runs by itself, and what it means when that ends.
 *
 * @param run the command
 * @param mode of the VM's recovery
 */
public record VmService(Service run, RestartMode mode) {
    /** Checks what is given. */
    public VmService {
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(mode, "mode");
    }
}
