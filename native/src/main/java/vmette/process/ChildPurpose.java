package vmette.process;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a child is there for; for people, who may have to read it in a journal.
 *
 * @param what as {@code monitor} or {@code passt for VM web}
 * @param vm the VM it serves, or empty
 * @param directory private to the VM's incarnation
 * @param smallPages whether it is kept from huge pages, since it is one of many: each would have up to 2 MiB where it needs a few pages
 */
public record ChildPurpose(String what, String vm, Optional<Path> directory, boolean smallPages) {
    /** A child that takes memory as the system gives it. */
    public ChildPurpose(String what, String vm, Optional<Path> directory) {
        this(what, vm, directory, false);
    }

    /** The same, kept from huge pages or not. */
    public ChildPurpose withSmallPages(boolean small) {
        return new ChildPurpose(what, vm, directory, small);
    }
}
