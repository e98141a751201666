package vmette.actors;

import java.util.List;
import vmette.group.Reason;

/**
 * How a fleet ended; nothing of it is left.
 *
 * @param asked whether its owner took it down; if not, whatever was in it has ended by itself
 * @param failures of groups and VMs that were over because they had failed, in the order of starting
 */
public record FleetEnd(boolean asked, List<Reason> failures) {
    /** Copies what is given. */
    public FleetEnd {
        failures = List.copyOf(failures);
    }
}
