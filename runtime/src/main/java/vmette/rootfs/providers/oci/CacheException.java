package vmette.rootfs.providers.oci;

import java.io.IOException;

/** The cache on this machine could not be read or written; no registry is to blame. */
final class CacheException extends IOException {
    private static final long serialVersionUID = 1L;

    CacheException(IOException cause) {
        super(cause.toString(), cause);
    }
}
