package vmette.rootfs.providers.oci;

import java.io.IOException;

/** What a registry sent is no image that could be used; asking again is of no use. The message says why. */
final class InvalidImageException extends IOException {
    private static final long serialVersionUID = 1L;

    InvalidImageException(String message) {
        super(message);
    }

    InvalidImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
