package vmette.vsock;

import java.util.Objects;
import java.util.concurrent.Executor;

/** The channel that a handler holds: takes every call to the loop. */
final class LoopChannel implements VsockChannel {
    private final VsockConnection connection;
    private final Outbound out;
    private final Executor loop;

    LoopChannel(VsockConnection connection, Outbound out, Executor loop) {
        this.connection = connection;
        this.out = out;
        this.loop = loop;
    }

    @Override
    public VsockAddress local() {
        return connection.local();
    }

    @Override
    public VsockAddress remote() {
        return connection.remote();
    }

    @Override
    public void request(int maxBytes) {
        requirePositive(maxBytes);
        loop.execute(() -> connection.request(maxBytes, false));
    }

    @Override
    public void requestChunks(int maxBytes) {
        requirePositive(maxBytes);
        loop.execute(() -> connection.request(maxBytes, true));
    }

    private static void requirePositive(int maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("a request must be for at least 1 byte, not " + maxBytes);
        }
    }

    @Override
    public boolean write(byte[] data, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, data.length);
        boolean more = out.admit(length);
        if (length > 0) {
            loop.execute(() -> connection.write(data, offset, length));
        }
        return more;
    }

    @Override
    public void shutdownOutput() {
        loop.execute(connection::shutdownOutput);
    }

    @Override
    public void shutdownInput() {
        loop.execute(connection::shutdownInput);
    }

    @Override
    public void reset() {
        loop.execute(connection::reset);
    }

    @Override
    public String toString() {
        return connection.toString();
    }
}
