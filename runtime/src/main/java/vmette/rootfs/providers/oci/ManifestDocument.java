package vmette.rootfs.providers.oci;

import java.util.List;

/** What a registry has under a tag or a manifest's digest. */
sealed interface ManifestDocument {
    /** Manifests for several platforms (an OCI index, a Docker manifest list). */
    record Index(List<Descriptor> manifests) implements ManifestDocument {
        public Index {
            manifests = List.copyOf(manifests);
        }
    }

    /**
     * One image.
     *
     * @param config its configuration
     * @param layers bottom first; each has a media type that can be unpacked
     */
    record Image(Descriptor config, List<Descriptor> layers) implements ManifestDocument {
        public Image {
            layers = List.copyOf(layers);
        }
    }
}
