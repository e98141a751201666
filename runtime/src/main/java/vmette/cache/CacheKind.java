package vmette.cache;

import java.util.Locale;

/** What the cache keeps. */
public enum CacheKind {
    /** A block image of a root file system. */
    IMAGE,
    /** What came from a web server. */
    DOWNLOAD,
    /** A layer, manifest or configuration of a registry's image. */
    BLOB,
    /** What a tag was last seen to mean. */
    TAG,
    /** The digest of an archive of this host. */
    DIGEST,
    /** What guests boot from beside the kernel, with the agent in it. */
    INITRAMFS,
    /** A kernel or busybox. */
    GUEST,
    /** What was not finished, or belongs to nothing any more. */
    LEFTOVER;

    /** As people and programs are told. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
