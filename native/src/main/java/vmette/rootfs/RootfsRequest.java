package vmette.rootfs;

import java.nio.file.Path;
import java.util.Objects;

/**
 * What a provider is asked for.
 *
 * @param spec the specification as the user wrote it
 * @param cache the runtime's cache directory, private to the user, which exists; a provider keeps its own in a directory of its name
 * @param maxBytes the most that may be downloaded, and the most that may be unpacked, for one root file system
 * @param offline the network must not be used: what is in the cache, or a failure that says what is missing
 * @param progress told of long work
 * @param asImage the artifact must be an image, also where it could be a directory
 */
public record RootfsRequest(
        String spec, Path cache, long maxBytes, boolean offline, RootfsProgress progress, boolean asImage) {
    /** Where a directory will do. */
    public RootfsRequest(String spec, Path cache, long maxBytes, boolean offline, RootfsProgress progress) {
        this(spec, cache, maxBytes, offline, progress, false);
    }

    /** Checks what is given. */
    public RootfsRequest {
        Objects.requireNonNull(spec, "spec");
        Objects.requireNonNull(progress, "progress");
        if (!cache.isAbsolute() || maxBytes < 1) {
            throw new IllegalArgumentException("cache " + cache + ", at most " + maxBytes + " bytes");
        }
    }
}
