package vmette.vsock;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What waits to be sent to one VM, over all its connections. Each may queue up to its high-water mark as long as few do; when
 * together they hold a quarter of what the VM, or the process, may hold for readers, each has to empty its queue before
 * it is given more. Thread-safe.
 */
final class WriteGauge {
    private final AtomicLong queued = new AtomicLong();
    private final long most;
    private final VsockBudget budget;

    WriteGauge(VsockLimits limits) {
        this.most = limits.perVmBudget() / 4;
        this.budget = limits.budget();
    }

    void add(long cost) {
        queued.addAndGet(cost);
        budget.queued(cost);
    }

    /** Whether writers have to hold back. */
    boolean presses() {
        return queued.get() > most || budget.writesPress();
    }

    /** What is queued now. */
    long queued() {
        return queued.get();
    }
}
