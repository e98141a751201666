package vmette.stream;

import java.time.Duration;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** Lets a test keep the acceptor that was given to a host, as a device loop that is still calling it would. */
final class RecordingHost implements VsockHost {
    private final VsockHost host;
    private volatile Acceptor acceptor;

    RecordingHost(VsockHost host) {
        this.host = host;
    }

    Acceptor acceptor() {
        return acceptor;
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor accepting) {
        acceptor = accepting;
        return host.listen(port, backlog, accepting);
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        host.connect(port, timeout, handler);
    }
}
