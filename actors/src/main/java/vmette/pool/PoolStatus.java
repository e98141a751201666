package vmette.pool;

import java.util.Optional;

/**
 * How a pool stands.
 *
 * @param name its own
 * @param ready VMs that nobody has
 * @param coming VMs that were asked for
 * @param lent VMs that somebody has
 * @param ending VMs that are being stopped
 * @param waiting those who want a VM
 * @param acquired VMs that somebody got since it was opened
 * @param failures of what VMs come from, in a row: 0 if the last one came
 * @param lastFailure what the last one was, also after VMs have come again
 */
public record PoolStatus(
        String name,
        int ready,
        int coming,
        int lent,
        int ending,
        int waiting,
        long acquired,
        int failures,
        Optional<String> lastFailure) {}
