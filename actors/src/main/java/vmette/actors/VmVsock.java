package vmette.actors;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import vmette.errors.VsockException;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockCounts;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/**
 * A VM's vsock across its incarnations: what is listened on belongs to the VM and is in force before each incarnation's first
 * instruction; connections belong to the incarnation. Thread-safe.
 */
public final class VmVsock implements VsockHost {
    // The range that the --vsock-port flag documents for "a free port".
    private static final int FIRST_FREE = 50_000;
    private static final int FREE_PORTS = 10_000;

    private final String vm;
    private final Map<Integer, Bound> bound = new LinkedHashMap<>();
    private VsockHost current;
    private Optional<VsockGate> gate = Optional.empty();
    // Of the incarnations that have ended.
    private VsockCounts former = VsockCounts.NONE;
    private boolean over;

    /** @param vm the VM's name, for messages */
    public VmVsock(String vm) {
        this.vm = vm;
    }

    /** The first incarnation begins: binds everything on its device, before the guest runs. */
    public void attach(VsockHost first) {
        attach(first, 1);
    }

    /** An incarnation begins: as {@link #attach(VsockHost)}. */
    synchronized void attach(VsockHost incarnation, long number) {
        incarnation.belongsTo("incarnation " + number + " of VM " + vm);
        detach();
        current = incarnation;
        bound.values().forEach(Bound::bind);
    }

    /** The first incarnation begins, and its guest is restored: as {@link #attach(VsockHost)}, but nothing gets in or out before it is ready. */
    public void attachShut(VsockHost first) {
        attachShut(first, 1);
    }

    /** An incarnation begins whose guest is restored: as {@link #attach(VsockHost)}, but nothing gets in or out before {@link #open}. */
    void attachShut(VsockHost incarnation, long number) {
        VsockGate shut = new VsockGate(incarnation);
        synchronized (this) {
            attach(shut, number);
            gate = Optional.of(shut);
        }
    }

    /** The guest is ready for whatever there is. No effect on one that was not shut. */
    void open() {
        Optional<VsockGate> shut;
        synchronized (this) {
            shut = gate;
        }
        shut.ifPresent(VsockGate::open);
    }

    /** An incarnation has ended. */
    void detach() {
        Optional<VsockGate> shut;
        synchronized (this) {
            if (current != null) {
                former = counts().ended();
                current = null;
            }
            bound.values().forEach(port -> port.listener = null);
            shut = gate;
            gate = Optional.empty();
        }
        shut.ifPresent(VsockGate::close);
    }

    /** The VM has ended for good. */
    void end() {
        List<Bound> ended;
        detach();
        synchronized (this) {
            over = true;
            ended = List.copyOf(bound.values());
            bound.clear();
        }
        ended.forEach(port -> port.acceptor.onListenerEnded());
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        return listen(VsockType.STREAM, port, backlog, acceptor);
    }

    @Override
    public synchronized Listener listen(VsockType type, int port, int backlog, Acceptor acceptor) {
        if (over) {
            throw new VsockException("VM " + vm + " has ended: port " + port + " cannot be bound");
        }
        if (port < 0 || backlog < 1) {
            throw new VsockException(
                    port < 0
                            ? "there is no vsock port " + port + ": allowed is 0 (a free one) to " + Integer.MAX_VALUE
                            : "a backlog of " + backlog + " is too small: at least 1");
        }
        int chosen = port == 0 ? freePort() : port;
        if (bound.containsKey(chosen)) {
            throw new VsockException("vsock port " + chosen + " of VM " + vm + " is bound already");
        }
        Bound entry = new Bound(type, chosen, backlog, acceptor);
        if (current != null) {
            entry.bind();
        }
        bound.put(chosen, entry);
        return entry;
    }

    /** Over all incarnations; what was received and sent never goes back. */
    @Override
    public synchronized VsockCounts counts() {
        return current == null ? former : former.plus(current.counts());
    }

    /** Whether a port is listened on. */
    public synchronized boolean isBound(int port) {
        return bound.containsKey(port);
    }

    /**
     * A port from 50000 to 59999 that is not listened on.
     *
     * @throws VsockException if all are
     */
    public synchronized int freePort() {
        int start = ThreadLocalRandom.current().nextInt(FREE_PORTS);
        for (int i = 0; i < FREE_PORTS; i++) {
            int port = FIRST_FREE + (start + i) % FREE_PORTS;
            if (!bound.containsKey(port)) {
                return port;
            }
        }
        throw new VsockException("all vsock ports of VM " + vm + " from 50000 to 59999 are bound");
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        connect(VsockType.STREAM, port, timeout, handler);
    }

    @Override
    public void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        VsockHost host;
        boolean ended;
        synchronized (this) {
            host = current;
            ended = over;
        }
        if (host == null) {
            handler.onReset(new VsockException("VM " + vm + (ended ? " has ended" : " is not running") + ": port "
                    + Integer.toUnsignedString(port) + " cannot be dialled"));
        } else {
            host.connect(type, port, timeout, handler);
        }
    }

    private final class Bound implements Listener {
        private final VsockType type;
        private final int port;
        private final int backlog;
        private final Acceptor acceptor;
        private Listener listener;

        Bound(VsockType type, int port, int backlog, Acceptor acceptor) {
            this.type = type;
            this.port = port;
            this.backlog = backlog;
            this.acceptor = acceptor;
        }

        void bind() {
            listener = current.listen(type, port, backlog, acceptor);
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public void close() {
            Listener open;
            synchronized (VmVsock.this) {
                if (!bound.remove(port, this)) {
                    return;
                }
                open = listener;
            }
            if (open != null) {
                open.close();
            }
        }
    }
}
