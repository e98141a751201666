package vmette.group;

import java.util.Objects;
import java.util.Optional;
import vmette.errors.GroupFailedException;
import vmette.errors.VmetteException;

/**
 * Why a VM or a group is over although it should not be.
 *
 * @param name whose
 * @param what happened, in a line that names it
 * @param because the failure of a child that led to it; empty for a VM
 * @param cause the VM's failure at the end of the chain
 */
public record Reason(String name, String what, Optional<Reason> because, VmetteException cause) {
    /** Checks what is given. */
    public Reason {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(because, "because");
        Objects.requireNonNull(cause, "cause");
    }

    /** A VM's. */
    public static Reason ofVm(String name, String what, VmetteException cause) {
        return new Reason(name, what, Optional.empty(), cause);
    }

    /** A group's. */
    static Reason ofGroup(String name, String why, Reason child) {
        return new Reason(name, "group " + name + " failed, " + why, Optional.of(child), child.cause());
    }

    /** From the outermost group down to the VM's failure, in one line. */
    public String chain() {
        return because.map(inner -> what + ", last because " + inner.chain()).orElse(what);
    }

    /** What a caller sees. */
    public VmetteException toException() {
        return because.isEmpty() ? cause : new GroupFailedException(chain(), cause);
    }
}
