package vmette.config;

/**
 * Where roots come from.
 *
 * @param maxSize the most that may be downloaded, and the most that may be unpacked, for one root; bytes, at least 1 MiB
 * @param offline the network is not used
 */
public record RootfsSettings(long maxSize, boolean offline) {
    /** Checks what is given. */
    public RootfsSettings {
        Checks.range("rootfs.max-size", maxSize, 1 << 20, Long.MAX_VALUE);
    }
}
