package vmette;

import vmette.errors.VsockException;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** The host's end of {@code vsock-port} where the client has no handler of its own: sends back what comes. */
final class EchoAcceptor implements VsockHost.Acceptor {
    private static final int CHUNK = 64 * 1024;

    @Override
    public void onRequest(VsockHost.IncomingRequest request) {
        request.accept(new Echo());
    }

    private static final class Echo implements VsockChannelHandler {
        private VsockChannel channel;

        @Override
        public void onOpen(VsockChannel open) {
            channel = open;
            channel.request(CHUNK);
        }

        @Override
        public void onData(byte[] chunk) {
            if (channel.write(chunk, 0, chunk.length)) {
                channel.request(CHUNK);
            }
        }

        @Override
        public void onWritable() {
            channel.request(CHUNK);
        }

        @Override
        public void onEnd() {
            channel.shutdownOutput();
        }

        @Override
        public void onOutputRefused() {
            channel.shutdownInput();
        }

        @Override
        public void onClosed() {}

        @Override
        public void onReset(VsockException cause) {}
    }
}
