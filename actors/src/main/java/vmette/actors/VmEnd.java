package vmette.actors;

import java.util.Optional;

/**
 * How a VM ended for good; nothing of it is left.
 *
 * @param how what ended it
 * @param failure what went wrong, for {@link How#FAILED}
 */
public record VmEnd(How how, Optional<VmFailure> failure) {
    /** What ended a VM. */
    public enum How {
        /** Its owner stopped it. */
        STOPPED,
        /** Its {@code timeout} passed. */
        TIMED_OUT,
        /** The guest powered itself off. */
        POWERED_OFF,
        /** It failed and was given up. */
        FAILED
    }

    static VmEnd of(How how) {
        return new VmEnd(how, Optional.empty());
    }

    static VmEnd failed(VmFailure failure) {
        return new VmEnd(How.FAILED, Optional.of(failure));
    }
}
