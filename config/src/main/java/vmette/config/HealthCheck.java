package vmette.config;

import java.time.Duration;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * {@code vmette.vm.health}: how a VM that runs shows that it does what it is for. A command in the guest whose exit status is 0, or a TCP
 * port of the guest that takes a connection; one of the two.
 *
 * @param exec a command line for {@code /bin/sh -c}
 * @param port of the guest's loopback address, 1 to 65535
 * @param interval from the end of one check to the next, positive
 * @param timeout how long a check may take, positive
 * @param retries failures in a row that end the VM, 1 to {@value #MOST_RETRIES}
 * @param startPeriod from ready: until then failures do not count, unless one check has succeeded; not negative
 */
public record HealthCheck(
        Optional<String> exec,
        Optional<Integer> port,
        Duration interval,
        Duration timeout,
        int retries,
        Duration startPeriod) {
    /** Beyond it a check is no use. */
    public static final int MOST_RETRIES = 1000;

    /** Checks what is given. */
    public HealthCheck {
        if (exec.isPresent() == port.isPresent()) {
            throw new InvalidConfigException(
                    "health needs exec, a command line, or port, a port of the guest, and not both");
        }
        exec.ifPresent(given -> {
            Checks.noNul("health.exec", given);
            if (given.isBlank()) {
                throw Checks.refuse("health.exec", "'" + given + "'", "a command line");
            }
        });
        port.ifPresent(given -> Checks.range("health.port", given, 1, 65535));
        Checks.positive("health.interval", interval);
        Checks.positive("health.timeout", timeout);
        Checks.range("health.retries", retries, 1, MOST_RETRIES);
        Checks.notNegative("health.start-period", startPeriod);
    }

    private static HealthCheck of(Optional<String> exec, Optional<Integer> port) {
        return new HealthCheck(exec, port, Duration.ofSeconds(30), Duration.ofSeconds(30), 3, Duration.ZERO);
    }

    /** A command line for {@code /bin/sh -c} that is to end with 0; else as in {@code reference.conf}. */
    public static HealthCheck exec(String commandLine) {
        return of(Optional.of(commandLine), Optional.empty());
    }

    /** A TCP port of the guest that is to take a connection; else as in {@code reference.conf}. */
    public static HealthCheck port(int port) {
        return of(Optional.empty(), Optional.of(port));
    }

    static Optional<HealthCheck> from(Section section) {
        Optional<String> exec = Optional.of(section.text("exec")).filter(text -> !text.isEmpty());
        Optional<Integer> port = Optional.of(section.integer("port", 0, 65535)).filter(number -> number != 0);
        Duration interval = section.duration("interval", true);
        Duration timeout = section.duration("timeout", true);
        int retries = section.integer("retries", 1, MOST_RETRIES);
        Duration startPeriod = section.duration("start-period", false);
        return exec.isEmpty() && port.isEmpty()
                ? Optional.empty()
                : Optional.of(new HealthCheck(exec, port, interval, timeout, retries, startPeriod));
    }

    /** What is checked, for people. */
    public String text() {
        return exec.map(command -> "exec = " + command).orElseGet(() -> "port = " + port.orElseThrow());
    }

    /** With another time from one check to the next. */
    public HealthCheck withInterval(Duration value) {
        return new HealthCheck(exec, port, value, timeout, retries, startPeriod);
    }

    /** With another time that a check may take. */
    public HealthCheck withTimeout(Duration value) {
        return new HealthCheck(exec, port, interval, value, retries, startPeriod);
    }

    /** With another number of failures in a row. */
    public HealthCheck withRetries(int value) {
        return new HealthCheck(exec, port, interval, timeout, value, startPeriod);
    }

    /** With a time in which failures do not count. */
    public HealthCheck withStartPeriod(Duration value) {
        return new HealthCheck(exec, port, interval, timeout, retries, value);
    }
}
