package vmette.config.fleet;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * VMs and groups whose failures concern each other.
 *
 * @param name unique among groups and VMs
 * @param strategy what the failure of one child means for the others
 * @param maxRestarts the most restarts within the period, 0 to 100; one more is the group's own failure, which its parent sees
 * @param within the period, positive
 * @param parent the group it belongs to; empty: none
 * @param children names of VMs and groups, in the order in which they are started; they are stopped in the reverse one
 */
public record GroupPlan(
        String name,
        Strategy strategy,
        int maxRestarts,
        Duration within,
        Optional<String> parent,
        List<String> children) {
    /** Checks what is given. */
    public GroupPlan {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(strategy, "strategy");
        Objects.requireNonNull(parent, "parent");
        children = List.copyOf(children);
        if (maxRestarts < 0 || within.isNegative() || within.isZero()) {
            throw new InvalidConfigException("the group " + name
                    + " has fewer than 0 restarts or no period: allowed is 0 or more within a duration above 0");
        }
    }
}
