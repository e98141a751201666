package vmette.actors;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockCounts;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/**
 * The vsock of a restored guest, shut until that has the right time, randomness of its own and its name: what is dialled waits, and what
 * the guest asks for waits for its answer, both within their bounds. Thread-safe.
 */
final class VsockGate implements VsockHost {
    private final VsockHost guest;
    private final HeldDials dials = new HeldDials();
    private final Map<IncomingRequest, Acceptor> requests = new LinkedHashMap<>();
    private boolean open;
    private boolean closed;

    VsockGate(VsockHost guest) {
        this.guest = guest;
    }

    /** What waits goes on, in the order in which it came, and nothing waits from now on. Idempotent. */
    void open() {
        List<HeldDials.Dial> dialled;
        Map<IncomingRequest, Acceptor> asked;
        synchronized (this) {
            open = !closed;
            if (!open) {
                return;
            }
            dialled = dials.take();
            asked = new LinkedHashMap<>(requests);
            requests.clear();
        }
        asked.forEach((request, acceptor) -> acceptor.onRequest(request));
        dialled.forEach(dial -> dial.go(guest));
    }

    /** The incarnation is over; requests are told so by its device. Idempotent. */
    void close() {
        List<HeldDials.Dial> dialled;
        synchronized (this) {
            closed = true;
            dialled = dials.take();
        }
        dialled.forEach(dial -> dial.refuse("its VM ended before its guest was restored"));
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        return listen(VsockType.STREAM, port, backlog, acceptor);
    }

    @Override
    public Listener listen(VsockType type, int port, int backlog, Acceptor acceptor) {
        return guest.listen(type, port, backlog, new Held(acceptor));
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        connect(VsockType.STREAM, port, timeout, handler);
    }

    @Override
    public void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        String refused;
        synchronized (this) {
            if (!open && !closed && dials.add(type, port, timeout, handler)) {
                return;
            }
            refused = open
                    ? ""
                    : closed ? "its VM has ended" : HeldDials.MOST + " dials wait for its guest to be restored already";
        }
        if (refused.isEmpty()) {
            guest.connect(type, port, timeout, handler);
        } else {
            handler.onReset(HeldDials.notDialled(port, refused));
        }
    }

    @Override
    public VsockCounts counts() {
        return guest.counts();
    }

    @Override
    public void belongsTo(String whose) {
        guest.belongsTo(whose);
    }

    /** As many requests wait as the device lets wait: its backlog and its accept timeout hold for them as for any. */
    private final class Held implements Acceptor {
        private final Acceptor acceptor;

        Held(Acceptor acceptor) {
            this.acceptor = acceptor;
        }

        @Override
        public void onRequest(IncomingRequest request) {
            synchronized (VsockGate.this) {
                if (!open) {
                    requests.put(request, acceptor);
                    return;
                }
            }
            acceptor.onRequest(request);
        }

        @Override
        public void onRequestGone(IncomingRequest request) {
            synchronized (VsockGate.this) {
                if (requests.remove(request) != null) {
                    return;
                }
            }
            acceptor.onRequestGone(request);
        }

        @Override
        public void onListenerEnded() {
            acceptor.onListenerEnded();
        }
    }
}
