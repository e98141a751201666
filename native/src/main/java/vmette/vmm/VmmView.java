package vmette.vmm;

import java.util.List;
import java.util.OptionalLong;

/** What can be seen of a monitor. Thread-safe, never blocks, changes nothing. */
public interface VmmView {
    /** Whether the guest's CPUs are held, as far as the monitor has told. */
    boolean isPaused();

    /** The process's id, from spawned to reaped. */
    OptionalLong pid();

    /** The last lines of the guest's console and of what the monitor itself said, oldest first; bounded, made printable. */
    List<String> consoleTail();

    /** What this monitor can do. */
    VmmCapabilities capabilities();
}
