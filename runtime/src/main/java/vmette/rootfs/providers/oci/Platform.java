package vmette.rootfs.providers.oci;

/**
 * What an image's programs run on, in Go's words.
 *
 * @param os such as {@code linux}; empty: not said
 * @param architecture such as {@code amd64}; empty: not said
 * @param variant such as {@code v8}; mostly empty
 */
record Platform(String os, String architecture, String variant) {
    static final Platform UNSAID = new Platform("", "", "");
    /** What our guests are. */
    static final Platform OURS = new Platform("linux", "amd64", "");

    /** Whether it runs in a guest. Variants of amd64 other than v1 want processors that a guest may not have. */
    boolean isOurs() {
        return os.equals(OURS.os)
                && architecture.equals(OURS.architecture)
                && (variant.isEmpty() || variant.equals("v1"));
    }

    boolean isUnsaid() {
        return os.isEmpty() && architecture.isEmpty();
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
