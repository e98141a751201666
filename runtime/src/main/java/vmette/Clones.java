package vmette;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The clones that a stage has, whoever learns of them first. What comes after the stage's end is stopped at once. Thread-safe.
 *
 * @param <V> a clone
 */
final class Clones<V> {
    private final ForkVms<V> vms;
    private final Set<V> alive = new HashSet<>();
    private boolean closed;

    Clones(ForkVms<V> vms) {
        this.vms = vms;
    }

    void take(List<V> more) {
        boolean late;
        synchronized (this) {
            late = closed;
            alive.addAll(more);
        }
        more.forEach(vm -> vms.ended(vm).whenComplete((end, never) -> forget(vm)));
        if (late) {
            more.forEach(vms::stop);
        }
    }

    private synchronized void forget(V vm) {
        alive.remove(vm);
    }

    void stopAll() {
        List<V> all;
        synchronized (this) {
            all = new ArrayList<>(alive);
        }
        all.forEach(vms::stop);
    }

    /** Nobody is there any more. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        stopAll();
    }
}
