package vmette.actors;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import vmette.errors.Reasons;
import vmette.errors.VmSavedException;
import vmette.errors.VsockException;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.StreamId;
import vmette.log.LogRing;
import vmette.stream.Replay;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/** Reads the output of a service that goes on in its guest, from where it was read to before a save, over one attachment after another. Thread-safe. */
final class ServiceReplay {
    private static final int CHUNK = 64 * 1024;

    /** How long the agent's word may come after the connection's end. */
    private static final long PATIENCE_SECONDS = 30;

    private final DetachedTicket ticket;
    private final LastLine output;
    private final BiConsumer<CompletionStage<?>, VsockChannelHandler> dial;
    private final LogRing log;
    private final CompletableFuture<Void> whole = new CompletableFuture<>();
    private final AtomicLong offset;
    private final AtomicBoolean placed;
    /** Of those before it, which it takes over, nothing counts any more. */
    private Attachment latest;

    /**
     * @param output gets what comes
     * @param dial makes a connection, again and again until that stage is complete
     * @param log told what is missing
     * @param begunElsewhere another incarnation or another runtime read it before the save: what it wrote until then is in the log of that, or of nobody
     */
    ServiceReplay(
            DetachedTicket ticket,
            LastLine output,
            BiConsumer<CompletionStage<?>, VsockChannelHandler> dial,
            LogRing log,
            boolean begunElsewhere) {
        this.ticket = ticket;
        this.output = output;
        this.dial = dial;
        this.log = log;
        this.offset = new AtomicLong(output.received());
        this.placed = new AtomicBoolean(!begunElsewhere);
    }

    DetachedTicket ticket() {
        return ticket;
    }

    /** Completes when no more of it comes. */
    CompletionStage<Void> whole() {
        return whole.minimalCompletionStage();
    }

    /** Begins an attachment. One that ended by a save is not followed by another before this is called again. */
    void attach() {
        Attachment attachment = begun();
        attachment.granted().whenComplete((granted, failure) -> {
            if (failure != null) {
                over(attachment, failure);
            } else if (granted.start() < granted.from()) {
                broken(
                        attachment,
                        "it begins at byte " + granted.start() + " and was asked for from " + granted.from());
            } else {
                skipTo(attachment, granted.start());
                // Not only until the command has ended: what it wrote last is still to be read then.
                dial.accept(whole, new Reader(attachment, granted));
            }
        });
    }

    private synchronized Attachment begun() {
        latest = ticket.attach(StreamId.STDOUT, offset.get());
        return latest;
    }

    private synchronized boolean isLatest(Attachment attachment) {
        return attachment == latest;
    }

    /** Unless the supervisor has begun another meanwhile, as it does after a save. */
    private void attachAfter(Attachment former) {
        ServiceRun.later(() -> {
            if (isLatest(former)) {
                attach();
            }
        });
    }

    private synchronized void skipTo(Attachment attachment, long start) {
        if (!isLatest(attachment)) {
            return;
        }
        long missing = start - offset.getAndSet(start);
        if (placed.getAndSet(true) && missing > 0) {
            log.mark("--- " + missing + " bytes are missing: they were on their way when the VM was saved");
        }
    }

    private void over(Attachment attachment, Throwable failure) {
        ticket.left(attachment);
        Throwable why = Reasons.unwrapped(failure);
        if (why instanceof VmSavedException) {
            return;
        }
        if (why instanceof VsockException || why instanceof TimeoutException) {
            attachAfter(attachment);
        } else if (isLatest(attachment)) {
            whole.complete(null);
        }
    }

    /** The service may well go on: what becomes of it is still the incarnation's. */
    private void broken(Attachment attachment, String how) {
        ticket.left(attachment);
        log.mark("--- no more of it is read, since the agent broke the guest protocol: " + how);
        whole.complete(null);
    }

    /** False: another attachment brings these bytes. */
    private synchronized boolean take(Attachment attachment, byte[] chunk) {
        if (!isLatest(attachment)) {
            return false;
        }
        output.take(chunk);
        offset.addAndGet(chunk.length);
        return true;
    }

    /** One attachment's connection. */
    private final class Reader implements VsockChannelHandler {
        private final Attachment attachment;
        private final Replay.Granted granted;
        private VsockChannel channel;
        private boolean ended;

        Reader(Attachment attachment, Replay.Granted granted) {
            this.attachment = attachment;
            this.granted = granted;
        }

        @Override
        public void onOpen(VsockChannel open) {
            channel = open;
            byte[] opening = granted.opening().toArray();
            open.write(opening, 0, opening.length);
            open.request(CHUNK);
        }

        @Override
        public void onData(byte[] chunk) {
            if (chunk.length > Long.MAX_VALUE - offset.get()) {
                ended = true;
                channel.reset();
                broken(attachment, chunk.length + " bytes came at byte " + offset.get());
                return;
            }
            if (!take(attachment, chunk)) {
                channel.reset();
                return;
            }
            byte[] taken = Openings.acknowledgement(offset.get());
            channel.write(taken, 0, taken.length);
            channel.request(CHUNK);
        }

        /** The connection's end by itself says nothing. */
        private void end() {
            if (ended) {
                return;
            }
            ended = true;
            CompletionStage<Long> length =
                    granted.end().toCompletableFuture().copy().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS);
            length.whenComplete((bytes, failure) -> {
                if (failure != null) {
                    over(attachment, failure);
                } else if (offset.get() >= bytes) {
                    ticket.left(attachment);
                    whole.complete(null);
                } else {
                    ticket.left(attachment);
                    attachAfter(attachment);
                }
            });
        }

        @Override
        public void onEnd() {
            channel.shutdownOutput();
            end();
        }

        @Override
        public void onWritable() {
            // Only acknowledgements are written, of which few are on their way.
        }

        @Override
        public void onOutputRefused() {
            // The end follows.
        }

        @Override
        public void onClosed() {
            end();
        }

        @Override
        public void onReset(VsockException cause) {
            end();
        }
    }
}
