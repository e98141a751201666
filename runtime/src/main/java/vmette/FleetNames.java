package vmette;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import vmette.errors.InvalidConfigException;

/** Which fleet of a runtime has which names for its VMs, those included that do not run just now. Thread-safe. */
final class FleetNames {
    /** As many are named in a message. */
    private static final int TOLD = 5;

    private final Supplier<Stream<String>> running;
    private final Map<String, Fleet> owners = new HashMap<>();

    /** @param running names of all VMs of the runtime that run */
    FleetNames(Supplier<Stream<String>> running) {
        this.running = running;
    }

    /**
     * Takes names for a fleet, beside those that it has.
     *
     * @throws InvalidConfigException if one of them is in use; then none was taken
     */
    synchronized void take(Fleet fleet, Collection<String> wanted) {
        Set<String> used = new TreeSet<>(wanted);
        Set<String> alive = new TreeSet<>(running.get().toList());
        used.removeIf(name -> owners.get(name) == fleet || (!owners.containsKey(name) && !alive.contains(name)));
        if (!used.isEmpty()) {
            List<String> some = used.stream().limit(TOLD).toList();
            String more = used.size() > TOLD ? " and " + (used.size() - TOLD) + " more" : "";
            throw new InvalidConfigException("VMs named " + String.join(", ", some) + more
                    + " exist already: choose other names, or stop those first; nothing was started or stopped");
        }
        wanted.forEach(name -> owners.put(name, fleet));
    }

    /** Gives back all names of a fleet but these. */
    synchronized void keep(Fleet fleet, Set<String> kept) {
        owners.entrySet().removeIf(entry -> entry.getValue() == fleet && !kept.contains(entry.getKey()));
    }

    /** The fleets that have any. */
    synchronized List<Fleet> fleets() {
        return owners.values().stream().distinct().toList();
    }
}
