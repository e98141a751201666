package vmette.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Where one QEMU tells its state: it may spawn nothing, and before version 8.2 it writes into no file by itself. */
final class StateSocket implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel server;
    private SocketChannel peer;

    private StateSocket(Path path, ServerSocketChannel server) {
        this.path = path;
        this.server = server;
    }

    /** @param path in a private directory, nothing there yet */
    static StateSocket listen(Path path) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path), 1);
            server.configureBlocking(false);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        return new StateSocket(path, server);
    }

    /**
     * What the first who connects has to say.
     *
     * @param limit until he connects, and then until he has said all
     */
    InputStream accept(Duration limit) throws IOException {
        try (Selector selector = Selector.open()) {
            server.register(selector, SelectionKey.OP_ACCEPT);
            selector.select(limit.toMillis());
            peer = server.accept();
        }
        if (peer == null) {
            throw new IOException("nobody told a state within " + limit.toSeconds() + " s");
        }
        SocketChannel telling = peer;
        CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    try {
                        telling.close();
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
        return Channels.newInputStream(telling);
    }

    @Override
    public void close() throws IOException {
        try {
            if (peer != null) {
                peer.close();
            }
            server.close();
        } finally {
            Files.deleteIfExists(path);
        }
    }
}
