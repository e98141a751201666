package vmette.config;

import java.time.Duration;

/**
 * Where roots come from.
 *
 * @param maxSize the most that may be downloaded, and the most that may be unpacked, for one root; bytes, at least 1 MiB
 * @param offline the network is not used
 * @param tagTtl how long what a tag means is believed without asking its registry
 */
public record RootfsSettings(long maxSize, boolean offline, Duration tagTtl) {
    /** Checks what is given. */
    public RootfsSettings {
        Checks.notNegative("rootfs.tag-ttl", tagTtl);
        Checks.range("rootfs.max-size", maxSize, 1 << 20, Long.MAX_VALUE);
    }
}
