package vmette.actors;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Collections for those of whom there may be ten thousand and of whom few ever have anything to put into one: they begin as {@link
 * Collections#emptyMap}, whose {@code remove} finds nothing (that of {@code Map.of()} throws; so do both maps' {@code compute}s), and get one to write to here.
 */
final class OnDemand {
    private OnDemand() {}

    /** This map, or if it is empty one that something can be put into. */
    static <K, V> Map<K, V> map(Map<K, V> present) {
        return present.isEmpty() ? new HashMap<>(2) : present;
    }

    /** The same for a list. */
    static <E> List<E> list(List<E> present) {
        return present.isEmpty() ? new ArrayList<>(1) : present;
    }

    /** The same for a set. */
    static <E> Set<E> set(Set<E> present) {
        return present.isEmpty() ? new HashSet<>(2) : present;
    }
}
