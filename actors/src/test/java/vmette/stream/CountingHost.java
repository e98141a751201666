package vmette.stream;

import java.time.Duration;
import vmette.errors.VsockException;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockCounts;
import vmette.vsock.VsockHost;

/** A host that carries nothing and has counted what the test says. */
public final class CountingHost implements VsockHost {
    private VsockCounts counts;

    public CountingHost(VsockCounts counts) {
        this.counts = counts;
    }

    public void count(VsockCounts now) {
        counts = now;
    }

    @Override
    public VsockCounts counts() {
        return counts;
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        throw new VsockException("nobody listens here");
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        throw new VsockException("nobody is dialled here");
    }
}
