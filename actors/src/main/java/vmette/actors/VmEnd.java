package vmette.actors;

import java.util.Locale;
import java.util.Optional;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/**
 * How a VM ended for good; nothing of it is left.
 *
 * @param how what ended it
 * @param failure what went wrong, for {@link How#FAILED}
 * @param because for {@link How#STOPPED}: what happened to others that it was stopped for; empty: its owner wanted it
 */
public record VmEnd(How how, Optional<VmFailure> failure, Optional<String> because) {
    /** What ended a VM. */
    public enum How {
        /** Its owner stopped it. */
        STOPPED,
        /** Its {@code timeout} passed. */
        TIMED_OUT,
        /** The guest powered itself off. */
        POWERED_OFF,
        /** What it ran by itself has done what it was to do. */
        COMPLETED,
        /** It failed and was given up. */
        FAILED;

        /** As in {@code powered-off}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** One that has no other reason. */
    public VmEnd(How how, Optional<VmFailure> failure) {
        this(how, failure, Optional.empty());
    }

    /** With a reason that lies with others, if it was stopped. */
    VmEnd withBecause(Optional<String> other) {
        return how == How.STOPPED ? new VmEnd(how, failure, other) : this;
    }

    /**
     * That of a VM whose owner had it stopped, or whose time was over. One that failed under its owner's commands did so before he told it to stop,
     * which is his answer to that.
     *
     * @param how he meant it to end
     * @param failure of its last incarnation, if that did not end as it was told to
     */
    static VmEnd asAsked(How how, Optional<VmFailure> failure) {
        if (failure.isEmpty() || !failure.get().wasReady()) {
            return of(how);
        }
        return failure.get().cause() instanceof VmFailure.PoweredOff
                ? new VmEnd(How.POWERED_OFF, failure)
                : failed(failure.get());
    }

    /** What whoever still waits for the VM is told. */
    VmetteException reason(String vm) {
        return failure.map(VmFailure::toException)
                .orElseGet(() -> new VmLostException(
                        how == How.COMPLETED
                                ? "VM " + vm + " has ended, since its service has completed"
                                : "VM " + vm + " was stopped" + (how == How.TIMED_OUT ? ": its timeout passed" : "")
                                        + because.map(why -> ", because " + why).orElse("")));
    }

    static VmEnd of(How how) {
        return new VmEnd(how, Optional.empty());
    }

    static VmEnd failed(VmFailure failure) {
        return new VmEnd(How.FAILED, Optional.of(failure));
    }
}
