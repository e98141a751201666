package vmette.stream.internal;

import java.time.Duration;
import java.util.List;
import vmette.errors.Reasons;
import vmette.errors.VmetteException;
import vmette.errors.VsockException;
import vmette.guest.protocol.GuestProtocol;
import vmette.stream.GuestTcp.Connecting;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChunksHandler;
import vmette.vsock.VsockHost;

/**
 * Opens a connection in two steps: the agent's in the guest, then the data connection that is joined to it. The agent's word
 * that TCP is lost may come at any time after the first.
 */
public final class GuestTcpOpening implements VsockChunksHandler {
    private final Opening.Opened stage;
    private final Connecting connecting;
    private VsockChannel channel;
    private VsockException lost;

    private GuestTcpOpening(Opening.Opened stage, Connecting connecting) {
        this.stage = stage;
        this.connecting = connecting;
    }

    /** See {@link Opening#open}. */
    public static Runnable open(Opening.Opened stage, Connecting connecting, VsockHost host, Duration dialTimeout) {
        GuestTcpOpening opening = new GuestTcpOpening(stage, connecting);
        connecting.connected().whenComplete((done, failure) -> {
            if (failure == null) {
                host.connect(GuestProtocol.PORT, dialTimeout, opening);
            } else {
                stage.onFailure(typed(failure));
            }
        });
        connecting.lost().thenAccept(opening::lose);
        return opening::stopped;
    }

    private static VmetteException typed(Throwable failure) {
        Throwable cause = Reasons.unwrapped(failure);
        return cause instanceof VmetteException known
                ? known
                : new VsockException("the connection to the guest could not be made: " + cause, cause);
    }

    private void lose(VsockException reason) {
        VsockChannel open;
        synchronized (this) {
            lost = reason;
            open = channel;
        }
        if (open != null) {
            open.reset();
            stage.onFailure(reason);
        }
    }

    private synchronized void stopped() {
        connecting.ended(channel != null);
    }

    @Override
    public void onOpen(VsockChannel open) {
        VsockException before;
        synchronized (this) {
            channel = open;
            before = lost;
        }
        if (before != null) {
            open.reset();
            stage.onFailure(before);
            return;
        }
        byte[] opening = connecting.opening();
        open.write(opening, 0, opening.length);
        stage.onOpen(open);
    }

    @Override
    public void onData(byte[] chunk) {
        stage.onData(chunk);
    }

    @Override
    public void onChunks(List<byte[]> chunks) {
        stage.onChunks(chunks);
    }

    @Override
    public void onWritable() {
        stage.onWritable();
    }

    @Override
    public void onEnd() {
        stage.onEnd();
    }

    @Override
    public void onOutputRefused() {
        stage.onOutputRefused();
    }

    @Override
    public void onClosed() {
        stage.onClosed();
    }

    @Override
    public void onReset(VsockException cause) {
        stage.onReset(cause);
    }
}
