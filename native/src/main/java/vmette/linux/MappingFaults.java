package vmette.linux;

/**
 * Bus errors of shared mappings. When a file shrinks under a mapping, HotSpot turns the SIGBUS of touching what is gone
 * into an {@link InternalError}, but throws that only when the thread next returns from native code, by then perhaps far
 * from the culprit. memfds are sealed against shrinking by QEMU; ordinary files cannot be.
 */
public final class MappingFaults {
    private MappingFaults() {}

    /**
     * Surfaces this thread's pending fault, if any: call it at the end of the work done for one guest, where the error is
     * still caught on that guest's account. Costs one call into libc, getpagesize(2), which asks no kernel.
     *
     * @throws InternalError if memory touched since the last native call was gone; what was read from it was made up
     */
    public static void surface() {
        LibC.getpagesize();
    }
}
