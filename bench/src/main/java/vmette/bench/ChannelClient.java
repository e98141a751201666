package vmette.bench;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import vmette.errors.VsockException;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** Traffic through {@link VsockChannel}, with a handler that does its work where it is called: on the device loop. */
final class ChannelClient implements TrafficClient {
    private static final int REQUEST = 256 * 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final VsockHost host;

    ChannelClient(VsockHost host) {
        this.host = host;
    }

    @Override
    public String name() {
        return "channel";
    }

    @Override
    public long transfer(TrafficOrder order, int streams) {
        List<Transfer> transfers =
                IntStream.range(0, streams).mapToObj(i -> new Transfer(order)).toList();
        transfers.forEach(transfer -> host.connect(PORT, TIMEOUT, transfer));
        transfers.forEach(transfer -> Await.on(transfer.opened));
        long begun = System.nanoTime();
        transfers.forEach(Transfer::begin);
        transfers.forEach(transfer -> Await.on(transfer.done));
        long nanos = System.nanoTime() - begun;
        transfers.forEach(transfer -> Await.on(transfer.closed));
        return nanos;
    }

    @Override
    public long[] pingPong(int size, int rounds) {
        PingPong game = new PingPong(size, rounds);
        host.connect(PORT, TIMEOUT, game);
        return Await.on(game.done);
    }

    /**
     * A connection whose reader never asks for anything, so that the guest's writer blocks.
     *
     * @return resets it
     */
    Runnable stall(TrafficOrder order) {
        Worker<Void> stalled = new Worker<>() {
            @Override
            public void onData(byte[] chunk) {
                throw new IllegalStateException(chunk.length + " bytes that nobody asked for");
            }
        };
        host.connect(PORT, TIMEOUT, stalled);
        VsockChannel channel = Await.on(stalled.opened);
        byte[] header = order.encode();
        channel.write(header, 0, header.length);
        return channel::reset;
    }

    /** What both have in common: what goes wrong, and the orderly end. */
    private abstract static class Worker<T> implements VsockChannelHandler {
        final CompletableFuture<VsockChannel> opened = new CompletableFuture<>();
        final CompletableFuture<T> done = new CompletableFuture<>();
        final CompletableFuture<Void> closed = new CompletableFuture<>();
        VsockChannel channel;

        @Override
        public void onOpen(VsockChannel open) {
            channel = open;
            opened.complete(open);
        }

        @Override
        public void onWritable() {}

        @Override
        public void onEnd() {}

        @Override
        public void onOutputRefused() {}

        @Override
        public void onClosed() {
            done.completeExceptionally(new VsockException("the guest ended the connection before its time"));
            closed.complete(null);
        }

        @Override
        public void onReset(VsockException cause) {
            opened.completeExceptionally(cause);
            done.completeExceptionally(cause);
            closed.completeExceptionally(cause);
        }
    }

    private static final class Transfer extends Worker<Void> {
        private final TrafficOrder order;
        private final byte[] piece;
        private long sent;
        private long received;

        Transfer(TrafficOrder order) {
            this.order = order;
            this.piece = new byte[order.writeSize()];
        }

        void begin() {
            channel.request(REQUEST);
            byte[] header = order.encode();
            if (channel.write(header, 0, header.length)) {
                onWritable();
            }
        }

        @Override
        public void onWritable() {
            while (sent < order.toSend()) {
                int now = (int) Math.min(piece.length, order.toSend() - sent);
                sent += now;
                if (!channel.write(piece, 0, now)) {
                    return;
                }
            }
            channel.shutdownOutput();
        }

        @Override
        public void onData(byte[] chunk) {
            received += chunk.length;
            if (received == order.toReceive()) {
                done.complete(null);
            }
            channel.request(REQUEST);
        }
    }

    private static final class PingPong extends Worker<long[]> {
        private final byte[] message;
        private final long[] nanos;
        private int round;
        private int received;
        private long begun;

        PingPong(int size, int rounds) {
            this.message = new byte[size];
            this.nanos = new long[rounds];
        }

        @Override
        public void onOpen(VsockChannel open) {
            super.onOpen(open);
            byte[] order = new TrafficOrder(TrafficOrder.Mode.ECHO, message.length, 0).encode();
            open.write(order, 0, order.length);
            serve();
        }

        private void serve() {
            begun = System.nanoTime();
            channel.write(message, 0, message.length);
            channel.request(REQUEST);
        }

        @Override
        public void onData(byte[] chunk) {
            received += chunk.length;
            if (received < message.length) {
                channel.request(REQUEST);
                return;
            }
            received = 0;
            nanos[round++] = System.nanoTime() - begun;
            if (round < nanos.length) {
                serve();
            } else {
                channel.shutdownOutput();
                channel.request(REQUEST);
                done.complete(nanos);
            }
        }
    }
}
