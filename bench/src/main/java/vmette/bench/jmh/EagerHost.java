package vmette.bench.jmh;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** Connections that answer every request with the same chunk, on a thread that stands for the device loop. */
final class EagerHost implements VsockHost, AutoCloseable {
    private final byte[] chunk;
    private final ExecutorService loop = Executors.newSingleThreadExecutor();

    EagerHost(byte[] chunk) {
        this.chunk = chunk;
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        throw new UnsupportedOperationException("nobody dials here");
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        loop.execute(() -> handler.onOpen(new Channel(handler)));
    }

    @Override
    public void close() {
        loop.shutdown();
    }

    private final class Channel implements VsockChannel {
        private final VsockChannelHandler handler;

        private Channel(VsockChannelHandler handler) {
            this.handler = handler;
        }

        @Override
        public VsockAddress local() {
            return new VsockAddress(HOST_CID, 1);
        }

        @Override
        public VsockAddress remote() {
            return new VsockAddress(3, 1);
        }

        @Override
        public void request(int maxBytes) {
            loop.execute(() -> handler.onData(chunk));
        }

        @Override
        public boolean write(byte[] data, int offset, int length) {
            return true;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void shutdownInput() {}

        @Override
        public void reset() {}
    }
}
