/**
 * Root file systems from OCI registries. Only {@link vmette.rootfs.providers.oci.OciProvider} is public.
 *
 * <pre>
 *   OciProvider -> ImagePull -> TagStore                 tag -> digest, for a while
 *                            -> RegistryClient           HTTP, redirects; Authenticator: challenges, tokens
 *                            -> LayerFetcher -> BlobDownload     four at a time, each goes on where it broke off
 *                            -> BlobStore                files named by digest
 *
 *   CACHE/oci/blobs/sha256/HEX            a blob, whole: checked and synced before it got its name
 *   CACHE/oci/blobs/sha256/HEX.partial    what has come of one
 *   CACHE/oci/locks/00 to ff              who fetches a blob holds the one of its digest's first byte
 *   CACHE/oci/tags/HEX.json               what a tag meant, and when the registry said so
 * </pre>
 *
 * <p>A registry is a stranger: what it sends is bounded before it is held, checked against its digest before it is used, and refused if it is not
 * understood.
 */
package vmette.rootfs.providers.oci;
