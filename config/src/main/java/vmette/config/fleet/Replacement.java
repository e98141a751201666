package vmette.config.fleet;

import java.util.List;

/**
 * A VM that is to be otherwise under the same name.
 *
 * @param from what it was
 * @param to what it is to be
 */
public record Replacement(VmPlan from, VmPlan to) {
    /** The VM's name. */
    public String name() {
        return to.name();
    }

    /** What differs, key by key, in the order of the keys; values of environments are not shown. */
    public List<Difference> differences() {
        return PlanKeys.differences(from, to);
    }

    /** Whether the VM itself is another one, and not only what its supervisor is to do; the mode says as well what the end of its service means. */
    public boolean needsReboot() {
        return !from.spec().equals(to.spec())
                || !from.run().equals(to.run())
                || (to.run().isPresent() && from.mode() != to.mode());
    }
}
