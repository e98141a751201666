package vmette.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TCP port of the host's loopback address that leads to one of the guest's.
 *
 * @param hostPort 1 to 65535, or 0: any that is free
 * @param guestPort 1 to 65535
 */
public record PublishedPort(int hostPort, int guestPort) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,5}):([0-9]{1,5})");

    /** Checks what is given. */
    public PublishedPort {
        Checks.range("publish: the host port", hostPort, 0, 65535);
        Checks.range("publish: the guest port", guestPort, 1, 65535);
    }

    /**
     * Reads {@code HOST:GUEST}.
     *
     * @throws vmette.errors.InvalidConfigException if it is something else
     */
    public static PublishedPort parse(String text) {
        Matcher ports = FORM.matcher(text);
        if (!ports.matches()) {
            throw Checks.refuse("publish", text, "HOST:GUEST, two TCP ports, such as 8080:80; HOST 0 is any free one");
        }
        return new PublishedPort(Integer.parseInt(ports.group(1)), Integer.parseInt(ports.group(2)));
    }

    /** As it is written: {@code HOST:GUEST}. */
    @Override
    public String toString() {
        return hostPort + ":" + guestPort;
    }
}
