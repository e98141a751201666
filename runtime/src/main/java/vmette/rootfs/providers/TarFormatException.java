package vmette.rootfs.providers;

import java.io.IOException;

/** What is wrong with an archive; whoever knows which archive it is says that. */
final class TarFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    TarFormatException(String message) {
        super(message);
    }
}
