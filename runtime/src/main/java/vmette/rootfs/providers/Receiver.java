package vmette.rootfs.providers;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import vmette.rootfs.RootfsProgress;

/** Writes a response's body into a file, up to a limit. The body of an answer that is not wanted is not read. */
final class Receiver implements HttpResponse.BodySubscriber<Void> {
    private final FileChannel to;
    private final long most;
    private final RootfsProgress.Transfer progress;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private volatile long touched = System.nanoTime();
    private volatile HttpTransfer.Validators validators;
    private volatile Flow.Subscription subscription;
    private boolean accepted;
    private boolean tooLarge;
    private boolean stopped;

    Receiver(FileChannel to, long most, RootfsProgress.Transfer progress) {
        this.to = to;
        this.most = most;
        this.progress = progress;
    }

    /**
     * The body is wanted if it begins where the file ends, or at 0, where the file then begins anew.
     *
     * @param start of the body in the resource
     * @param length of the body as the server says
     */
    synchronized void accept(long start, OptionalLong length, HttpTransfer.Validators found) {
        validators = found;
        tooLarge = length.isPresent() && length.getAsLong() > most - Math.max(0, start);
        try {
            if (start == 0) {
                to.truncate(0);
            }
            accepted = start == to.size();
        } catch (IOException e) {
            done.completeExceptionally(e);
        }
    }

    synchronized boolean accepted() {
        return accepted;
    }

    /** Of the answer, if one has come that has the resource. */
    Optional<HttpTransfer.Validators> validators() {
        return Optional.ofNullable(validators);
    }

    Duration idleFor() {
        return Duration.ofNanos(System.nanoTime() - touched);
    }

    /** Nothing is written any more. */
    synchronized void stop() {
        stopped = true;
        Flow.Subscription current = subscription;
        if (current != null) {
            current.cancel();
        }
    }

    @Override
    public CompletionStage<Void> getBody() {
        return done;
    }

    @Override
    public synchronized void onSubscribe(Flow.Subscription given) {
        subscription = given;
        touched = System.nanoTime();
        if (tooLarge) {
            given.cancel();
            done.completeExceptionally(tooLarge());
        } else if (!accepted || stopped) {
            given.cancel();
            done.complete(null);
        } else {
            given.request(1);
        }
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        if (stopped || done.isDone()) {
            return;
        }
        touched = System.nanoTime();
        try {
            for (ByteBuffer buffer : buffers) {
                if (buffer.remaining() > most - to.size()) {
                    throw tooLarge();
                }
                progress.add(buffer.remaining());
                while (buffer.hasRemaining()) {
                    to.write(buffer, to.size());
                }
            }
            subscription.request(1);
        } catch (IOException e) {
            subscription.cancel();
            done.completeExceptionally(e);
        }
    }

    @Override
    public void onError(Throwable failure) {
        done.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
        done.complete(null);
    }

    private TarFormatException tooLarge() {
        return new TarFormatException("it is more than " + most
                + " bytes, which is the most that is allowed; if it is to be trusted, raise vmette.rootfs.max-size");
    }
}
