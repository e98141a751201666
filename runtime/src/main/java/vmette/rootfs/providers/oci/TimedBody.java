package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A response's body as a stream whose reads fail when nothing has come for a while; the JDK's own waits for ever. One thread reads. At most what
 * one call of {@link #onNext} brings is held.
 */
final class TimedBody extends InputStream implements HttpResponse.BodySubscriber<InputStream> {
    private static final Object END = new Object();

    private final Duration patience;
    /** Lists of buffers, a Throwable, or the end; at most one list, since more is asked for when it is read. */
    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();

    private final Deque<ByteBuffer> current = new ArrayDeque<>();
    private Flow.Subscription subscription;
    private boolean closed;
    private boolean ended;

    TimedBody(Duration patience) {
        this.patience = patience;
    }

    @Override
    public CompletionStage<InputStream> getBody() {
        return CompletableFuture.completedStage(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        synchronized (this) {
            if (!closed && subscription == null) {
                subscription = given;
            } else {
                given.cancel();
                return;
            }
        }
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        arrived.add(List.copyOf(buffers));
    }

    @Override
    public void onError(Throwable failure) {
        arrived.add(failure);
    }

    @Override
    public void onComplete() {
        arrived.add(END);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!ended) {
            while (!current.isEmpty()) {
                ByteBuffer buffer = current.getFirst();
                if (buffer.hasRemaining()) {
                    int taken = Math.min(length, buffer.remaining());
                    buffer.get(into, offset, taken);
                    return taken;
                }
                current.removeFirst();
            }
            take();
        }
        return -1;
    }

    private void take() throws IOException {
        Object next = arrived.poll();
        try {
            if (next == null) {
                next = arrived.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        if (next == null) {
            close();
            throw new IOException("nothing has come for " + patience.toSeconds() + " s");
        }
        if (next == END) {
            ended = true;
        } else if (next instanceof Throwable failure) {
            close();
            throw new IOException("the connection broke: " + failure.getMessage(), failure);
        } else {
            for (Object buffer : (List<?>) next) {
                current.add((ByteBuffer) buffer);
            }
            request();
        }
    }

    private void request() {
        Flow.Subscription asked;
        synchronized (this) {
            asked = subscription;
        }
        if (asked != null) {
            asked.request(1);
        }
    }

    /** Ends the transfer, and with it the connection, if it is not over. */
    @Override
    public void close() {
        Flow.Subscription cancelled;
        synchronized (this) {
            closed = true;
            cancelled = subscription;
            subscription = null;
        }
        if (cancelled != null && !ended) {
            cancelled.cancel();
        }
    }
}
