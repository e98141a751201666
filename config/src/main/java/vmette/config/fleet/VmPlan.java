package vmette.config.fleet;

import java.util.Objects;
import java.util.Optional;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/**
 * One VM of a fleet.
 *
 * @param name unique in its deployment
 * @param spec what it is to be, under that name
 * @param recovery what follows its failure
 * @param group the group it belongs to; empty: none
 * @param run what it runs; empty: nothing, it waits for others' commands
 */
public record VmPlan(
        String name, VmSpec spec, RecoverySettings recovery, Optional<String> group, Optional<Service> run) {
    /** Checks what is given. */
    public VmPlan {
        Objects.requireNonNull(recovery, "recovery");
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(run, "run");
        if (!spec.name().equals(Optional.of(name))) {
            throw new InvalidConfigException(
                    "the VM " + name + " has a specification of another name: give it its own");
        }
    }

    /** Which ends of it are followed by another incarnation. */
    public RestartMode mode() {
        return recovery.mode();
    }
}
