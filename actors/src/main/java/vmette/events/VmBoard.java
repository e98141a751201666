package vmette.events;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import vmette.actors.VmEvent;

/** Where all VMs stand: those that live, and the last {@value #ENDED} that ended. Thread-safe; a name is on it once. */
public final class VmBoard {
    /** How many of those that have ended are kept. */
    public static final int ENDED = 100;

    private final ConcurrentMap<String, VmStatus> statuses = new ConcurrentHashMap<>();
    private final Map<VmState, AtomicInteger> counts = new EnumMap<>(VmState.class);
    // Oldest first. One that lives again may still be among them.
    private final Set<String> over = new LinkedHashSet<>();

    /** An empty one. */
    public VmBoard() {
        for (VmState state : VmState.values()) {
            counts.put(state, new AtomicInteger());
        }
    }

    /** Adds what happened; those of one VM in their order. */
    public void add(VmEvent event) {
        if (!(event instanceof VmEvent.OfVm own)) {
            return;
        }
        VmStatus now = statuses.compute(own.vm(), (name, before) -> {
            VmStatus after = before == null ? VmStatus.first(own) : before.after(own);
            counted(Optional.ofNullable(before), Optional.of(after));
            return after;
        });
        if (now.state().isOver()) {
            ended(now.name());
        }
    }

    private void ended(String name) {
        synchronized (over) {
            over.remove(name);
            over.add(name);
            while (over.size() > ENDED) {
                Iterator<String> oldest = over.iterator();
                statuses.computeIfPresent(oldest.next(), (former, status) -> {
                    if (!status.state().isOver()) {
                        return status;
                    }
                    counted(Optional.of(status), Optional.empty());
                    return null;
                });
                oldest.remove();
            }
        }
    }

    private void counted(Optional<VmStatus> before, Optional<VmStatus> after) {
        before.ifPresent(status -> counts.get(status.state()).decrementAndGet());
        after.ifPresent(status -> counts.get(status.state()).incrementAndGet());
    }

    /** All, by name. */
    public List<VmStatus> all() {
        List<VmStatus> all = new ArrayList<>(statuses.values());
        all.sort(Comparator.comparing(VmStatus::name));
        return List.copyOf(all);
    }

    /** That of a name. */
    public Optional<VmStatus> of(String name) {
        return Optional.ofNullable(statuses.get(name));
    }

    /** How many are in a state. */
    public int count(VmState state) {
        return counts.get(state).get();
    }
}
