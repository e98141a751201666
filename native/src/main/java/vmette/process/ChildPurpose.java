package vmette.process;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a child is there for; for people, who may have to read it in a journal.
 *
 * @param what as {@code monitor} or {@code passt for VM web}
 * @param vm the VM it serves, or empty
 * @param directory private to the VM's incarnation
 */
public record ChildPurpose(String what, String vm, Optional<Path> directory) {}
