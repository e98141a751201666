package vmette.rootfs.providers.oci;

import java.util.List;
import vmette.rootfs.ImageDefaults;

/**
 * An image all of which is in the cache.
 *
 * @param manifest the digest of its own manifest, which stands for all of it
 * @param defaults of its commands
 * @param layers bottom first
 */
record PulledImage(Digest manifest, ImageDefaults defaults, List<CachedLayer> layers) {
    PulledImage {
        layers = List.copyOf(layers);
    }
}
