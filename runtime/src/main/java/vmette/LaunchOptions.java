package vmette;

import java.util.Objects;
import java.util.Optional;
import vmette.config.WhenFull;

/**
 * How a VM is to be launched; what it is to be is in its {@link vmette.config.VmSpec}.
 *
 * @param group with which other VMs it shares the turns to come up: groups take turns; empty text: with those of no group
 * @param whenFull what becomes of it if it cannot come up at once; empty: as {@code vmette.admission.when-full} says
 */
public record LaunchOptions(String group, Optional<WhenFull> whenFull) {
    /** No group, and as the settings say. */
    public static final LaunchOptions DEFAULT = new LaunchOptions("", Optional.empty());

    /** Checks what is given. */
    public LaunchOptions {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(whenFull, "whenFull");
    }

    /** The same in a group. */
    public LaunchOptions withGroup(String name) {
        return new LaunchOptions(name, whenFull);
    }

    /** The same, but for when it cannot come up at once. */
    public LaunchOptions withWhenFull(WhenFull what) {
        return new LaunchOptions(group, Optional.of(what));
    }
}
