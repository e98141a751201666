package vmette;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The VMs of a runtime that have not ended, by name. Thread-safe. */
final class LivingVms {
    private final ConcurrentMap<String, VmHandle> vms = new ConcurrentHashMap<>();

    /** Adds one. One that has a name already keeps it: the launch of another is refused. */
    void add(VmHandle vm) {
        vms.compute(vm.name(), (name, former) -> former == null || former.hasEnded() ? vm : former);
    }

    /** It has ended. */
    void remove(VmHandle vm) {
        vms.remove(vm.name(), vm);
    }

    Optional<VmHandle> find(String name) {
        // Whoever learns of its end at once may come before it is removed.
        return Optional.ofNullable(vms.get(name)).filter(vm -> !vm.hasEnded());
    }
}
