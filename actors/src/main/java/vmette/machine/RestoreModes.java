package vmette.machine;

import java.util.function.Supplier;
import vmette.config.RestoreMode;
import vmette.errors.RestoreFailedException;
import vmette.process.CowSupport;

/** Decides how the memory of a VM that goes on is had. Pure. */
final class RestoreModes {
    private RestoreModes() {}

    /**
     * What was decided.
     *
     * @param mode {@link RestoreMode#COW} or {@link RestoreMode#COPY}
     * @param why one line for people
     */
    record Choice(RestoreMode mode, String why) {}

    /**
     * Decides.
     *
     * @param shares whether directories are shared with the VM: what serves them would map the snapshot's memory and write into it, so that it is copied whatever is wished
     * @param probe tells whether this process reaches private memory; asked only if that matters
     * @throws RestoreFailedException if copy on write is demanded and not to be had
     */
    static Choice choose(RestoreMode requested, boolean shares, Supplier<CowSupport> probe) {
        if (requested == RestoreMode.COPY) {
            return new Choice(RestoreMode.COPY, "as it was demanded");
        }
        if (shares) {
            return new Choice(RestoreMode.COPY, "what serves its shared directories maps its memory");
        }
        CowSupport support = probe.get();
        if (support.isAvailable()) {
            return new Choice(RestoreMode.COW, "this process reaches the memory of its children");
        }
        String refusal = support.refusal().orElseThrow();
        if (requested == RestoreMode.COW) {
            throw new RestoreFailedException(
                    "copy on write (cow) is demanded and not to be had: " + refusal
                            + "; or have the memory copied (copy, or auto)",
                    null);
        }
        return new Choice(RestoreMode.COPY, refusal);
    }
}
