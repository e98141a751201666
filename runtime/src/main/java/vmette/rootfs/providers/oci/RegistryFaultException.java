package vmette.rootfs.providers.oci;

import java.io.IOException;

/** A registry, or its token service, does what none should; asking again is of no use. The message says what. */
final class RegistryFaultException extends IOException {
    private static final long serialVersionUID = 1L;

    RegistryFaultException(String message) {
        super(message);
    }

    RegistryFaultException(String message, Throwable cause) {
        super(message, cause);
    }
}
