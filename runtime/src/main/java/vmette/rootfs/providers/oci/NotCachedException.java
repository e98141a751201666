package vmette.rootfs.providers.oci;

import java.io.IOException;

/** Something is not in the cache, and the network must not be used. The message says what. */
final class NotCachedException extends IOException {
    private static final long serialVersionUID = 1L;

    NotCachedException(String missing) {
        super(missing);
    }
}
