package vmette.stream.internal;

import akka.stream.AbruptStageTerminationException;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AbstractInHandler;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStageLogic;
import akka.util.ByteString;
import akka.util.ByteStringBuilder;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import scala.jdk.javaapi.FutureConverters;
import vmette.errors.VmetteException;
import vmette.errors.VsockException;
import vmette.stream.Vsock.OutgoingConnection;
import vmette.vsock.VsockChannel;

/**
 * The life of one connection inside a stream. The device loop's calls enter by one async callback, so that everything here
 * runs in the stage.
 */
final class ConnectionLogic extends GraphStageLogic {
    /** The most one pull asks for: several chunks of a device, so that a stream which is behind the guest is woken once for all of them. */
    static final int CHUNK = 256 * 1024;

    private final Inlet<ByteString> in;
    private final Outlet<ByteString> out;
    private final Opening opening;
    private final boolean halfClose;
    private final CompletableFuture<OutgoingConnection> opened;

    private VsockChannel channel;
    /** No more business with the channel: it has ended, or it ends on its own in an orderly way. */
    private boolean settled;

    private boolean inputEnded;
    private boolean outputEnded;
    private Runnable stopped = () -> {};

    ConnectionLogic(
            FlowShape<ByteString, ByteString> shape,
            Opening opening,
            boolean halfClose,
            CompletableFuture<OutgoingConnection> opened) {
        super(shape);
        this.in = shape.in();
        this.out = shape.out();
        this.opening = opening;
        this.halfClose = halfClose;
        this.opened = opened;
        setHandler(in, new FromClient());
        setHandler(out, new ToClient());
    }

    @Override
    public void preStart() {
        // Before the connection stands neither port's end may stop the stage: the guest is still to be told of it.
        setKeepGoing(true);
        try {
            stopped = opening.open(new Relay(createAsyncCallback(this::apply)));
        } catch (RuntimeException e) {
            opened.completeExceptionally(e);
            failStage(e);
        }
    }

    @Override
    public void postStop() {
        if (channel != null && !settled) {
            channel.reset();
        }
        stopped.run();
        opened.completeExceptionally(notOpened(new AbruptStageTerminationException(this)));
    }

    private static VsockException notOpened(Throwable reason) {
        return new VsockException("the stream ended before its vsock connection stood: " + reason.getMessage(), reason);
    }

    private void apply(Runnable event) {
        event.run();
    }

    private void onOpen(VsockChannel open) {
        channel = open;
        setKeepGoing(false);
        opened.complete(new OutgoingConnection(open.local(), open.remote()));
        if (inputEnded) {
            open.shutdownOutput();
        } else {
            pull(in);
        }
        if (outputEnded) {
            open.shutdownInput();
        } else if (isAvailable(out)) {
            open.requestChunks(CHUNK);
        }
        stopWhenDone();
    }

    private void onFailure(VmetteException cause) {
        settled = true;
        opened.completeExceptionally(cause);
        failStage(cause);
    }

    private void onEnd() {
        outputEnded = true;
        complete(out);
        if (!halfClose && !inputEnded) {
            inputEnded = true;
            channel.shutdownOutput();
            cancel(in);
        }
        stopWhenDone();
    }

    private void onOutputRefused() {
        inputEnded = true;
        if (!isClosed(in)) {
            cancel(in);
        }
        stopWhenDone();
    }

    private void onClosed() {
        settled = true;
        completeStage();
    }

    /** With both directions ended in order the channel finishes its handshake by itself. */
    private void stopWhenDone() {
        if (inputEnded && outputEnded && channel != null) {
            settled = true;
            completeStage();
        }
    }

    private final class FromClient extends AbstractInHandler {
        @Override
        public void onPush() {
            byte[] bytes = grab(in).toArrayUnsafe();
            if (channel.write(bytes, 0, bytes.length)) {
                pull(in);
            }
        }

        @Override
        public void onUpstreamFinish() {
            inputEnded = true;
            if (channel != null) {
                channel.shutdownOutput();
                stopWhenDone();
            }
        }

        @Override
        public void onUpstreamFailure(Throwable failure) {
            // The guest must not take a failed stream for a complete one: postStop resets the connection.
            opened.completeExceptionally(notOpened(failure));
            failStage(failure);
        }
    }

    private final class ToClient extends AbstractOutHandler {
        @Override
        public void onPull() {
            if (channel != null) {
                channel.requestChunks(CHUNK);
            }
        }

        @Override
        public void onDownstreamFinish(Throwable cause) {
            outputEnded = true;
            if (!halfClose && !inputEnded) {
                cancelStage(cause);
                return;
            }
            if (channel != null) {
                channel.shutdownInput();
                stopWhenDone();
            }
        }
    }

    /** Carries the loop's calls into the stage. */
    private final class Relay implements Opening.Opened {
        private final AsyncCallback<Runnable> callback;

        Relay(AsyncCallback<Runnable> callback) {
            this.callback = callback;
        }

        @Override
        public void onOpen(VsockChannel open) {
            FutureConverters.asJava(callback.invokeWithFeedback(() -> ConnectionLogic.this.onOpen(open)))
                    .whenComplete((done, failure) -> {
                        if (failure != null) {
                            // The stage stopped while the connection was being made.
                            open.reset();
                        }
                    });
        }

        @Override
        public void onData(byte[] chunk) {
            deliver(ByteString.fromArrayUnsafe(chunk));
        }

        @Override
        public void onChunks(List<byte[]> chunks) {
            ByteStringBuilder all = ByteString.createBuilder();
            // without a copy: the builder strings the arrays together
            chunks.forEach(chunk -> all.append(ByteString.fromArrayUnsafe(chunk)));
            deliver(all.result());
        }

        private void deliver(ByteString bytes) {
            callback.invoke(() -> {
                if (!isClosed(out)) {
                    push(out, bytes);
                }
            });
        }

        @Override
        public void onWritable() {
            callback.invoke(() -> {
                if (!isClosed(in) && !hasBeenPulled(in)) {
                    pull(in);
                }
            });
        }

        @Override
        public void onEnd() {
            callback.invoke(ConnectionLogic.this::onEnd);
        }

        @Override
        public void onOutputRefused() {
            callback.invoke(ConnectionLogic.this::onOutputRefused);
        }

        @Override
        public void onClosed() {
            callback.invoke(ConnectionLogic.this::onClosed);
        }

        @Override
        public void onReset(VsockException cause) {
            onFailure(cause);
        }

        @Override
        public void onFailure(VmetteException cause) {
            callback.invoke(() -> ConnectionLogic.this.onFailure(cause));
        }
    }
}
