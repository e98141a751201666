package vmette.vsock;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Our bytes of one connection: queue, credit and the writer's marks, which count what the bytes cost: a guest that takes
 * nothing and has its own bytes sent back to it one by one must not make memory of many times the marks. {@link #admit} may be called by any thread, the
 * rest by the loop.
 */
final class Outbound {
    private final SendCredit credit;
    private final SendQueue queue = new SendQueue();
    private final WriteGauge gauge;
    private final AtomicLong pending = new AtomicLong();
    private final int highWater;
    private final int lowWater;
    private volatile boolean blocked;
    private volatile boolean refused;
    private boolean ended;
    private boolean creditRequested;

    Outbound(int highWater, int lowWater, WriteGauge gauge, int counterStart) {
        this.gauge = gauge;
        this.highWater = highWater;
        this.lowWater = lowWater;
        this.credit = new SendCredit(counterStart);
    }

    /**
     * Counts bytes that are about to be given to {@link #enqueue}.
     *
     * @return whether the writer may go on; if not, it is owed a word
     */
    boolean admit(int length) {
        // also when nothing will be sent any more: enqueue gives back what was counted here
        long waiting = count(SendQueue.cost(length));
        if (refused || (waiting <= highWater && (waiting == 0 || !gauge.presses()))) {
            return true;
        }
        // set before the bytes reach the loop: it cannot fall below the low mark without them, and so not miss this
        blocked = true;
        return false;
    }

    private long count(long cost) {
        gauge.add(cost);
        return pending.addAndGet(cost);
    }

    /** Queues bytes; false if nothing will be sent any more. */
    boolean enqueue(byte[] data, int offset, int length) {
        if (refused || ended || length == 0) {
            count(-SendQueue.cost(length));
            return false;
        }
        queue.add(data, offset, length);
        return true;
    }

    /** Whether the writer is owed a word that it may go on; asking settles it. */
    boolean pollWritable() {
        long waiting = pending.get();
        if (!blocked || refused || ended || waiting > lowWater || (waiting > 0 && gauge.presses())) {
            return false;
        }
        blocked = false;
        return true;
    }

    /** Takes over the guest's numbers. */
    void update(int bufAlloc, int fwdCnt) {
        credit.update(bufAlloc, fwdCnt);
        if (credit.available() > 0) {
            creditRequested = false;
        }
    }

    /** Bytes that may go out now. */
    int sendable() {
        return (int) Math.min(queue.size(), credit.available());
    }

    /** Bytes left of what was written in one go. */
    int head() {
        return queue.head();
    }

    /** Whether the guest's buffer could hold so much at once. */
    boolean fits(int length) {
        return length <= credit.most();
    }

    void drainTo(RxBuffer buffer, int at, int length) {
        long cost = queue.drainTo(buffer, at, length);
        credit.sent(length);
        count(-cost);
    }

    /** Whether the guest should be asked for its numbers: bytes wait, its credit is used up, and it was not asked yet. */
    boolean creditRequestDue() {
        return !creditRequested && queue.size() > 0 && credit.available() == 0;
    }

    void creditRequested() {
        creditRequested = true;
    }

    /** We send no more than what is queued. */
    void end() {
        ended = true;
    }

    /** Nothing can be sent any more; what is queued is dropped. */
    void refuse() {
        refused = true;
        count(-queue.clear());
    }

    boolean refused() {
        return refused;
    }

    /** Whether the last byte has gone and none will follow. */
    boolean drained() {
        return ended && queue.size() == 0;
    }

    boolean over() {
        return refused || drained();
    }
}
