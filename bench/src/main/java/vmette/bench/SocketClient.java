package vmette.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;

/** Traffic through {@link PeerBackend}: over its Unix socket, by blocking threads, one for each direction of a connection. */
final class SocketClient implements TrafficClient, AutoCloseable {
    private final Path socket;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "bench-socket");
        thread.setDaemon(true);
        return thread;
    });

    /** @param socket of its {@code --uds-path} */
    SocketClient(Path socket) {
        this.socket = socket;
    }

    @Override
    public String name() {
        return PeerBackend.NAME;
    }

    /** A connection to the guest, which it answered. */
    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        try {
            writeAll(channel, ByteBuffer.wrap(("CONNECT " + PORT + "\n").getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer one = ByteBuffer.allocate(1);
            StringBuilder line = new StringBuilder();
            while (line.length() == 0 || line.charAt(line.length() - 1) != '\n') {
                if (channel.read(one.clear()) < 0) {
                    throw new IOException("the back-end answered CONNECT by closing");
                }
                line.append((char) one.get(0));
            }
            if (!line.toString().startsWith("OK ")) {
                throw new IOException(
                        "the back-end answered CONNECT by " + line.toString().strip());
            }
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public long transfer(TrafficOrder order, int streams) {
        List<SocketChannel> channels = new ArrayList<>();
        try {
            for (int i = 0; i < streams; i++) {
                channels.add(connect());
            }
            CompletableFuture<Void> start = new CompletableFuture<>();
            List<CompletableFuture<Void>> done = new ArrayList<>();
            for (SocketChannel channel : channels) {
                done.add(CompletableFuture.runAsync(() -> receive(channel, start, order.toReceive()), threads));
                done.add(CompletableFuture.runAsync(() -> send(channel, start, order), threads));
            }
            long begun = System.nanoTime();
            start.complete(null);
            done.forEach(Await::on);
            return System.nanoTime() - begun;
        } catch (IOException e) {
            throw failed(e);
        } finally {
            closeAll(channels);
        }
    }

    private static void closeAll(List<SocketChannel> channels) {
        for (SocketChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                throw failed(e);
            }
        }
    }

    private static void receive(SocketChannel channel, CompletableFuture<Void> start, long bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(TrafficOrder.LARGEST);
        start.join();
        try {
            for (long left = bytes; left > 0; ) {
                int count = channel.read(buffer.clear());
                if (count < 0) {
                    throw new VsockException("the guest ended the connection before its time");
                }
                left -= count;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void send(SocketChannel channel, CompletableFuture<Void> start, TrafficOrder order) {
        ByteBuffer piece = ByteBuffer.allocateDirect(order.writeSize());
        start.join();
        try {
            writeAll(channel, ByteBuffer.wrap(order.encode()));
            for (long left = order.toSend(); left > 0; left -= piece.limit()) {
                writeAll(channel, piece.clear().limit((int) Math.min(left, piece.capacity())));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeAll(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public long[] pingPong(int size, int rounds) {
        long[] nanos = new long[rounds];
        ByteBuffer message = ByteBuffer.allocateDirect(size);
        try (SocketChannel channel = connect()) {
            writeAll(channel, ByteBuffer.wrap(new TrafficOrder(TrafficOrder.Mode.ECHO, size, 0).encode()));
            for (int i = 0; i < rounds; i++) {
                long begun = System.nanoTime();
                writeAll(channel, message.clear());
                message.clear();
                while (message.hasRemaining()) {
                    if (channel.read(message) < 0) {
                        throw new VsockException("the guest ended the connection before its time");
                    }
                }
                nanos[i] = System.nanoTime() - begun;
            }
        } catch (IOException e) {
            throw failed(e);
        }
        return nanos;
    }

    private static VmetteIoException failed(IOException e) {
        return new VmetteIoException("the connection through " + PeerBackend.NAME + " failed: " + e.getMessage(), e);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
