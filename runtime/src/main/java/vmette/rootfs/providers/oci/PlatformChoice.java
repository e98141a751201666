package vmette.rootfs.providers.oci;

import java.util.List;
import java.util.stream.Collectors;

/** Which of an index's manifests a guest can run. */
final class PlatformChoice {
    private static final int MAX_SHOWN = 12;

    private PlatformChoice() {}

    /** The first for our platform; where none says so, the only one that does not say for which it is. */
    static Descriptor among(List<Descriptor> manifests) throws InvalidImageException {
        for (Descriptor manifest : manifests) {
            if (manifest.platform().isOurs()) {
                return manifest;
            }
        }
        List<Descriptor> unsaid = manifests.stream()
                .filter(manifest -> manifest.platform().isUnsaid())
                .toList();
        if (unsaid.size() == 1) {
            return unsaid.get(0);
        }
        String there = manifests.stream()
                .map(manifest -> OciJson.shown(manifest.platform().toString()))
                // attestations, which are for no platform
                .filter(platform -> !platform.equals("unknown/unknown"))
                .distinct()
                .limit(MAX_SHOWN)
                .collect(Collectors.joining(", "));
        throw new InvalidImageException("it is not there for " + Platform.OURS + ", which guests are; "
                + (there.isEmpty() ? "it is for no platform at all" : "it is for " + there));
    }

    /** An image that was built for another platform is refused; one that does not say is believed. */
    static void require(Platform platform) throws InvalidImageException {
        if (!platform.isUnsaid() && !platform.isOurs()) {
            throw new InvalidImageException(
                    "it was built for " + OciJson.shown(platform.toString()) + "; guests are " + Platform.OURS);
        }
    }
}
