package vmette.config;

import java.util.Locale;

/** How a restored VM comes by the memory of its snapshot. */
public enum RestoreMode {
    /** Copy-on-write where this host and this VM allow it, else a copy. */
    AUTO,
    /** Copy-on-write: the VM reads the snapshot's own memory file, and keeps to itself what it changes. */
    COW,
    /** A copy of its own, made before it runs. */
    COPY;

    /** As in a configuration. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
