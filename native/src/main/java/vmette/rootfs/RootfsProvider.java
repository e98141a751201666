package vmette.rootfs;

import vmette.errors.VmetteException;

/**
 * Makes root file systems out of one kind of specification, such as directories or OCI images. Stateless or thread-safe: one instance
 * serves all VMs of a runtime, on threads that may block.
 *
 * <p>Providers are asked in order, and the first that {@linkplain #accepts accepts} a specification makes it.
 */
public interface RootfsProvider {
    /** A short name for people, such as {@code oci}; unique within a runtime. */
    String name();

    /** One line for people: which specifications it takes. */
    String description();

    /** Whether this specification is one of its own, by its form alone or by a look at the host's files. Quick. */
    boolean accepts(String spec);

    /** Whether its images may say what is to be run in them ({@link ImageDefaults}), so that a run needs no command of its own. */
    default boolean hasCommands() {
        return false;
    }

    /**
     * Yields what the VM's root is made of, fetched and built if it is not in the cache yet. Called for each incarnation of a VM. Blocks;
     * an interrupt ends it with a failure and leaves the cache as it was.
     *
     * @throws VmetteException if it cannot be had: what, where, why, and what to do
     */
    RootfsArtifact resolve(RootfsRequest request);
}
