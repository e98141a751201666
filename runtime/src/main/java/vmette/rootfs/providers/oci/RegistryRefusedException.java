package vmette.rootfs.providers.oci;

import java.io.IOException;

/** A registry, or its token service, answered that it will not or cannot. */
final class RegistryRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final boolean credentialSent;

    RegistryRefusedException(int status, String code, boolean credentialSent) {
        super(status + (code.isEmpty() ? "" : " " + code));
        this.status = status;
        this.credentialSent = credentialSent;
    }

    int status() {
        return status;
    }

    boolean credentialSent() {
        return credentialSent;
    }

    /** Whether it may be different later. */
    boolean passes() {
        return status == 429 || status == 408 || status >= 500;
    }
}
