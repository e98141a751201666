package vmette.config;

import java.time.Duration;

/**
 * {@code vmette.forward}: TCP connections into the guest.
 *
 * @param connectTimeout for the VM to be ready and, counted anew, for the guest to connect; positive
 * @param maxConnections open connections of one forwarded port, 1 to 1024
 * @param backlog connections that wait in the host's kernel to be accepted, 1 to 65535
 */
public record ForwardSettings(Duration connectTimeout, int maxConnections, int backlog) {
    /** What the guest's agent takes at a time, of all forwards together. */
    static final int MOST_CONNECTIONS = 1024;

    /** Checks what is given. */
    public ForwardSettings {
        Checks.positive("forward.connect-timeout", connectTimeout);
        Checks.range("forward.max-connections", maxConnections, 1, MOST_CONNECTIONS);
        Checks.range("forward.backlog", backlog, 1, 65535);
    }
}
