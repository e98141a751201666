package vmette.config;

import java.time.Duration;

/**
 * {@code vmette.vsock}; sizes in bytes.
 *
 * @param loops device loop threads, 1 to 64
 * @param bufAlloc credit per connection, 16 KiB to 16 MiB
 * @param vmBudget bound for one VM's connections together, at least bufAlloc
 * @param processBudget bound for all VMs' connections together, at least vmBudget
 * @param maxConnections open connections of one VM, 1 to 65536
 * @param backlog waiting requests per listened port, at least 1
 * @param acceptTimeout positive
 * @param connectTimeout positive
 * @param shutdownTimeout positive
 */
public record VsockSettings(
        int loops,
        int bufAlloc,
        long vmBudget,
        long processBudget,
        int maxConnections,
        int backlog,
        Duration acceptTimeout,
        Duration connectTimeout,
        Duration shutdownTimeout) {
    /** Checks what is given. */
    public VsockSettings {
        Checks.range("vsock.loops", loops, 1, 64);
        Checks.range("vsock.buf-alloc", bufAlloc, 16 << 10, 16 << 20);
        Checks.range("vsock.vm-budget", vmBudget, bufAlloc, Long.MAX_VALUE);
        Checks.range("vsock.process-budget", processBudget, vmBudget, Long.MAX_VALUE);
        Checks.range("vsock.max-connections", maxConnections, 1, 65536);
        Checks.range("vsock.backlog", backlog, 1, 65536);
        Checks.positive("vsock.accept-timeout", acceptTimeout);
        Checks.positive("vsock.connect-timeout", connectTimeout);
        Checks.positive("vsock.shutdown-timeout", shutdownTimeout);
    }
}
