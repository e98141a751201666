package vmette.control;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What may still be sent of one stream of a command: the receiver grants, the sender takes, so that neither what is not read nor what is not written
 * holds up another stream of the same connection. Thread-safe; one taker at a time.
 */
final class Credit {
    /** What a stream begins with, in bytes. */
    static final int WINDOW = 256 << 10;

    /** The most that is ever granted, in bytes. */
    static final int MOST = 1 << 20;

    /** The most content of a frame of a command's stream, in bytes. */
    static final int CHUNK = 32 << 10;

    /** What a frame costs besides its content, so that small ones are bounded in number. */
    static final int OVERHEAD = 256;

    private long left = WINDOW;
    private int wanted;
    private CompletableFuture<Void> waiting;
    private boolean closed;

    /** What a frame of so many bytes costs. */
    static int cost(int bytes) {
        return bytes + OVERHEAD;
    }

    /** Completes when so much may be sent, and has then been taken; fails once closed. */
    CompletionStage<Void> take(int cost) {
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedStage(new IOException("the control connection has ended"));
            }
            if (cost <= left) {
                left -= cost;
                return CompletableFuture.completedStage(null);
            }
            if (waiting != null) {
                throw new IllegalStateException("two take of one stream's credit at once");
            }
            wanted = cost;
            waiting = new CompletableFuture<>();
            return waiting;
        }
    }

    /** Gives more. @throws IOException if that is more than is ever granted */
    void grant(int bytes) throws IOException {
        CompletableFuture<Void> served = null;
        synchronized (this) {
            if (left + bytes > MOST) {
                throw new IOException("a control connection that grants without end");
            }
            left += bytes;
            if (waiting != null && wanted <= left) {
                left -= wanted;
                served = waiting;
                waiting = null;
            }
        }
        if (served != null) {
            served.complete(null);
        }
    }

    /** Nothing more will be granted. Idempotent. */
    void close() {
        CompletableFuture<Void> refused;
        synchronized (this) {
            closed = true;
            refused = waiting;
            waiting = null;
        }
        if (refused != null) {
            refused.completeExceptionally(new IOException("the control connection has ended"));
        }
    }
}
