/**
 * What root file systems are made of: archives, images and directories of this host or of a server, made into block images that guests mount
 * read-only.
 *
 * <p>Layers are tar archives of strangers. They are never unpacked on this host: {@link vmette.rootfs.providers.ImageStore} reads them twice, first for
 * the names, of which it makes the tree that they mean, then for the contents, which it passes on as one flat archive to a program that
 * writes an image. No name of an archive ever becomes a name of this host, so that none can lead anywhere. That program ({@code sqfstar}) reads
 * only what was written here, never a stranger's headers.
 *
 * <p>An image is kept under what it was made of, in the cache's directory {@code images}: {@code ID.squashfs}, beside it {@code ID.lock}, which its
 * builder locks exclusively and each user shared, {@code ID.properties}, which says what it is of, and while it is made {@code ID.building}.
 */
package vmette.rootfs.providers;
