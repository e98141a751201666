package vmette.vsock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VsockException;
import vmette.linux.MappingFaults;
import vmette.linux.PeerCredentials;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestMemoryLostException;
import vmette.memory.GuestMemorySource;
import vmette.vhostuser.VhostUserDevice;
import vmette.vhostuser.VhostUserListener;
import vmette.vhostuser.Vring;
import vmette.virtio.VirtqueueException;

/**
 * The vsock device of one incarnation of a VM (virtio 1.2, section 5.10; the event queue is the front-end's). Methods of {@link VhostUserDevice} belong to the loop's thread, the others may be called from any.
 *
 * <p>Whatever goes wrong in here ends this device and leaves the loop and its other devices alone.
 */
public final class VsockDevice implements VhostUserDevice, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VsockDevice.class);
    /** VIRTIO_VSOCK_F_SEQPACKET, bit 1 (virtio 1.2, section 5.10.3). */
    private static final long F_SEQPACKET = 1L << 1;

    private static final long LEAST_CID = 3;
    private static final long LARGEST_CID = 0xffff_fffeL;

    private final long guestCid;
    private final DeviceLoop loop;
    private final Executor tasks;
    private final ScopedReadiness readiness;
    private final VsockMuxer muxer;
    private final RingPump pump;
    private final VsockHost host;
    private final DeviceLoop.Member member = this::loopEnded;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    private boolean pumpDue;
    private boolean over;
    private String brokenBecause;
    private Consumer<String> onBroken = reason -> {};
    private Optional<VhostUserListener> listener = Optional.empty();
    private Optional<Runnable> detaching = Optional.empty();

    /**
     * @param guestCid 3 to 2^32-2; private to the device, so that every VM may have the same
     * @param limits what the VM may use
     * @param loop serves the device until {@link #close}
     */
    public VsockDevice(long guestCid, VsockLimits limits, DeviceLoop loop) {
        if (guestCid < LEAST_CID || guestCid > LARGEST_CID) {
            throw new IllegalArgumentException("a guest's CID must be from 3 to 4294967294, not " + guestCid);
        }
        this.guestCid = guestCid;
        this.loop = Objects.requireNonNull(loop, "loop");
        this.readiness = new ScopedReadiness(loop, this::guarded);
        this.tasks = task -> loop.execute(() -> guarded(task));
        ExpiryTimer timer = (delay, action) -> loop.timer().after(delay, () -> guarded(action));
        this.muxer = new VsockMuxer(guestCid, limits, timer, tasks, this::schedulePump);
        this.pump = new RingPump(muxer, limits.maxChainsPerTurn());
        this.host = new DeviceHost(muxer, tasks);
        loop.join(member);
    }

    /** The host's end. */
    public VsockHost host() {
        return host;
    }

    /** How many packets with bytes the guest has sent on connections that there are. Grows as long as a guest says anything. */
    public long payloads() {
        return muxer.payloads();
    }

    /**
     * Waits for the VM's front-end at a path, until {@link #close}. It may leave and come back after {@link
     * #expectDetach}.
     *
     * @param socket as {@link VhostUserListener#open} wants it
     * @param memory gives the way to reach the guest's memory, mostly a {@link vmette.vhostuser.GuestMemoryAccess}
     * @param pidIsOurs whether a process may be the front-end
     * @return completes, on the loop's thread, when a front-end may connect; fails with {@code VmetteIoException} if the
     *     place is unfit, and with {@code VsockException} if the device has ended
     */
    public CompletionStage<Void> listen(
            Path socket, Function<PeerCredentials, GuestMemorySource> memory, IntPredicate pidIsOurs) {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                if (over || listener.isPresent()) {
                    throw new VsockException("cannot wait for a front-end at " + socket + ": the vsock device "
                            + (over ? "has ended" : "waits at " + listener.get().path() + " already"));
                }
                listener = Optional.of(VhostUserListener.open(socket, readiness, () -> this, memory, pidIsOurs));
                ready.complete(null);
            } catch (Throwable failure) {
                ready.completeExceptionally(failure);
            }
        });
        return ready.minimalCompletionStage();
    }

    /**
     * Announces that the front-end will leave and that this is no failure: the device is unplugged for a snapshot, say. Its
     * leaving resets all connections but those complete or not yet seen by the guest; listeners stay, dials wait for the front-end
     * that comes next.
     *
     * @param left run, on the loop's thread, when it has left or the device ends; at once if none is there
     * @return completes, on the loop's thread, when it is no failure any more
     */
    public CompletionStage<Void> expectDetach(Runnable left) {
        CompletableFuture<Void> expected = new CompletableFuture<>();
        loop.execute(() -> {
            if (over || (listener.isPresent() && !listener.get().isConnected())) {
                left.run();
            } else {
                detaching = Optional.of(left);
            }
            expected.complete(null);
        });
        return expected.minimalCompletionStage();
    }

    /**
     * Says who is told that the device is of no use any more: the front-end vanished, the guest broke a ring, or the device
     * failed. Told once, on the loop's thread, with one line for people, and not after {@link #close}; at once if it happened
     * before.
     */
    public void onBroken(Consumer<String> listener) {
        Objects.requireNonNull(listener, "listener");
        loop.execute(() -> guarded(() -> {
            onBroken = listener;
            if (brokenBecause != null) {
                tellBroken();
            }
        }));
    }

    /**
     * Ends the device with its VM: connections are reset with {@code VsockResetException}, requests that wait are told to be
     * gone, listeners close. Only a connection that the guest had ended in order, and whose last bytes wait for demand, lives
     * on until they are taken. Idempotent; does not wait, see {@link #closed}.
     */
    @Override
    public void close() {
        // deferred: the caller may be a handler in the middle of a turn
        loop.execute(() -> loop.defer(() -> guarded(() -> end("the VM ended"))));
    }

    /** Completes, on the loop's thread, when nothing of the device is served any more. */
    public CompletionStage<Void> closed() {
        return closed.minimalCompletionStage();
    }

    // ---- VhostUserDevice

    @Override
    public int queueCount() {
        return 2;
    }

    /** Streams need no bit of their own beside this one (virtio 1.2, section 5.10.3). */
    @Override
    public long deviceFeatures() {
        return F_SEQPACKET;
    }

    @Override
    public byte[] config() {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(guestCid)
                .array();
    }

    @Override
    public void ringStarted(int index, Vring ring) {
        guarded(() -> {
            if (!over) {
                pump.started(ring);
                schedulePump();
            }
        });
    }

    @Override
    public void ringStopping(int index) {
        guarded(() -> pump.stopping(index));
    }

    @Override
    public void ringStopped(int index) {
        guarded(() -> pump.stopped(index));
    }

    @Override
    public void ringKicked(int index) {
        // not here: kicks of both rings, and whatever else happens in this turn, make one pump and one call
        guarded(this::schedulePump);
    }

    @Override
    public void disconnected(String reason) {
        guarded(() -> {
            if (over || detaching.isEmpty()) {
                fail("the VM's vsock front-end was lost: " + reason);
                return;
            }
            Runnable left = detaching.get();
            detaching = Optional.empty();
            pump.forget();
            muxer.unplugged();
            left.run();
        });
    }

    // ---- on the loop

    private void schedulePump() {
        if (!pumpDue && pump.running()) {
            pumpDue = true;
            loop.defer(() -> guarded(this::pump));
        }
    }

    private void pump() {
        // still due meanwhile: what comes up within the turn is served by it, RX being its second half
        boolean more = pump.turn();
        MappingFaults.surface();
        pumpDue = false;
        if (more) {
            schedulePump();
        }
    }

    private void guarded(Runnable action) {
        try {
            action.run();
        } catch (GuestMemoryLostException e) {
            failWithoutThrowing("the VM's vsock front-end was lost: " + e.getMessage());
        } catch (VirtqueueException | GuestMemoryException e) {
            LOG.debug("the guest broke its vsock ring", e);
            failWithoutThrowing("the guest broke its vsock ring: " + e.getMessage());
        } catch (Throwable failure) {
            LOG.error("the vsock device failed", failure);
            failWithoutThrowing("the vsock device failed: " + failure);
        }
    }

    /** What is thrown on the way to the end, for want of memory perhaps, must not end the loop and the other devices. */
    private void failWithoutThrowing(String reason) {
        try {
            fail(reason);
        } catch (Throwable failure) {
            LOG.error("the vsock device failed while it ended", failure);
        }
    }

    private void loopEnded(String reason) {
        fail(reason);
    }

    private void fail(String reason) {
        if (!over) {
            brokenBecause = reason;
            end(reason);
            tellBroken();
        }
    }

    private void tellBroken() {
        try {
            onBroken.accept(brokenBecause);
        } catch (Throwable failure) {
            LOG.error("the receiver of \"{}\" failed", brokenBecause, failure);
        }
    }

    private void end(String reason) {
        if (over) {
            return;
        }
        over = true;
        pump.forget();
        loop.leave(member);
        // deferred: the session to be closed may be what is calling
        loop.defer(this::release);
        muxer.close(reason);
    }

    private void release() {
        try {
            listener.ifPresent(VhostUserListener::close);
            readiness.unwatchAll();
        } catch (Throwable failure) {
            LOG.error("the vsock device failed while it ended", failure);
        } finally {
            detaching.ifPresent(Runnable::run);
            closed.complete(null);
        }
    }
}
