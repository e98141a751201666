package vmette.rootfs.providers.oci;

import vmette.rootfs.ImageDefaults;

/**
 * An image's configuration, as far as it matters here.
 *
 * @param platform what it was built for
 * @param layers how many it has; negative: not said
 * @param defaults of its commands
 */
record ImageConfig(Platform platform, int layers, ImageDefaults defaults) {}
