package vmette.rootfs.providers.oci;

/**
 * What a manifest says of a blob, as in the OCI image specification (descriptor.md).
 *
 * @param mediaType as written
 * @param digest what its bytes come to
 * @param size in bytes, not negative
 * @param platform of an index's entries; {@link Platform#UNSAID} elsewhere
 */
record Descriptor(String mediaType, Digest digest, long size, Platform platform) {}
