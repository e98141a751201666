package vmette.vsock;

import java.time.Duration;
import java.util.Objects;

/**
 * What one VM's vsock device may use. The constructor throws {@link IllegalArgumentException} for a value out of range.
 *
 * @param bufAlloc bytes of memory one connection may hold for its reader, at least 16 KiB and at most 1 GiB; a little less
 *     is advertised to the guest, so that the bookkeeping has its place too
 * @param perVmBudget bytes that all connections of the VM may reserve, at least bufAlloc
 * @param budget the same for the whole process, shared by its VMs
 * @param maxConnections connections at a time, requests that wait for an answer included, at least 1
 * @param acceptTimeout how long a guest's request waits for the acceptor's answer, positive
 * @param shutdownTimeout how long the guest may take to confirm the end of a connection, positive
 * @param writeHighWater bytes queued to the guest above which a writer is asked to pause, at least 1
 * @param writeLowWater bytes below which it may go on, from 0 to writeHighWater
 * @param maxChainsPerTurn descriptor chains of one queue taken in one turn of the loop, at least 1
 * @param maxPendingReplies RSTs that may wait for RX buffers before the guest's TX queue is left alone, at least 1
 */
public record VsockLimits(
        int bufAlloc,
        long perVmBudget,
        VsockBudget budget,
        int maxConnections,
        Duration acceptTimeout,
        Duration shutdownTimeout,
        int writeHighWater,
        int writeLowWater,
        int maxChainsPerTurn,
        int maxPendingReplies) {
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    public VsockLimits {
        Objects.requireNonNull(budget, "budget");
        inRange("bufAlloc", bufAlloc, ReceiveBuffer.MIN_BOUND, 1024L * MIB);
        inRange("perVmBudget", perVmBudget, bufAlloc, Long.MAX_VALUE);
        inRange("maxConnections", maxConnections, 1, 1 << 20);
        positive("acceptTimeout", acceptTimeout);
        positive("shutdownTimeout", shutdownTimeout);
        inRange("writeHighWater", writeHighWater, 1, 1024L * MIB);
        inRange("writeLowWater", writeLowWater, 0, writeHighWater);
        inRange("maxChainsPerTurn", maxChainsPerTurn, 1, 1 << 15);
        inRange("maxPendingReplies", maxPendingReplies, 1, 1 << 20);
    }

    /**
     * 256 KiB a connection, 64 MiB a VM, 1024 connections, 10 s to accept, 8 s to confirm an end (what Linux grants
     * the other side), 1 MiB and 256 KiB of queue, 128 chains, 256 replies.
     */
    public static VsockLimits defaults(VsockBudget budget) {
        return new VsockLimits(
                256 * KIB,
                64L * MIB,
                budget,
                1024,
                Duration.ofSeconds(10),
                Duration.ofSeconds(8),
                MIB,
                256 * KIB,
                128,
                256);
    }

    private static void inRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be from " + least + " to " + most + ", not " + value);
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " must be positive, not " + value);
        }
    }
}
