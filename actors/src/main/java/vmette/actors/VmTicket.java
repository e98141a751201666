package vmette.actors;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import vmette.config.VmSpec;
import vmette.log.LogRing;

/**
 * One VM as its caller and its supervisor share it. Thread-safe.
 *
 * @param name unique within the registry
 * @param spec what it is to be
 * @param vsock its connections
 * @param guestPort the port told to the guest as VMETTE_VSOCK_PORT, if any
 * @param service what each incarnation runs by itself, if anything
 * @param log what that writes
 * @param readiness settled by the supervisor
 * @param ending settled by the supervisor; never exceptionally
 * @param incarnation the present one's number, from 1; 0 as long as no supervisor has taken the VM up
 */
public record VmTicket(
        String name,
        VmSpec spec,
        VmVsock vsock,
        Optional<Integer> guestPort,
        Optional<VmService> service,
        LogRing log,
        CompletableFuture<VmReady> readiness,
        CompletableFuture<VmEnd> ending,
        AtomicLong incarnation) {

    /** A ticket for a VM still to be launched. */
    public static VmTicket create(String name, VmSpec spec, VmVsock vsock, Optional<Integer> guestPort) {
        return create(name, spec, vsock, guestPort, Optional.empty(), new LogRing(0));
    }

    /** A ticket for a VM still to be launched that may run something, whose log ends with it. */
    public static VmTicket create(
            String name,
            VmSpec spec,
            VmVsock vsock,
            Optional<Integer> guestPort,
            Optional<VmService> service,
            LogRing log) {
        VmTicket ticket = new VmTicket(
                name,
                spec,
                vsock,
                guestPort,
                service,
                log,
                new CompletableFuture<>(),
                new CompletableFuture<>(),
                new AtomicLong());
        ticket.onEnd(log::end);
        return ticket;
    }

    /** Completes when the agent first answers; fails with a {@code VmetteException}. */
    public CompletionStage<VmReady> ready() {
        return readiness.minimalCompletionStage();
    }

    /** Completes, never exceptionally, when nothing of the VM is left. */
    public CompletionStage<VmEnd> ended() {
        return ending.minimalCompletionStage();
    }

    /** Has something done after that, by whoever ends the VM: as a follower of {@link #ended} does, at half its memory. It must not block and not throw. */
    public void onEnd(Runnable action) {
        CompletionStage<VmEnd> own = ending;
        own.thenRun(action);
    }

    // One VM is no other, and a record's own hash costs a cold JVM 30 ms before anything is started.
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
