package vmette.actors;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
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
    // While nobody is to get into an incarnation that is being saved, and while there is none.
    private Optional<Held> held = Optional.empty();
    private final AtomicLong begun = new AtomicLong();

    /** @param vm the VM's name, for messages */
    public VmVsock(String vm) {
        this.vm = vm;
    }

    /** The first incarnation begins: binds everything on its device, before the guest runs. */
    public void attach(VsockHost first) {
        attach(first, 1);
    }

    /** An incarnation begins: as {@link #attach(VsockHost)}. */
    void attach(VsockHost incarnation, long number) {
        attach(incarnation, number, Optional.empty());
    }

    private void attach(VsockHost incarnation, long number, Optional<VsockGate> shut) {
        incarnation.belongsTo("incarnation " + number + " of VM " + vm);
        List<HeldDials.Dial> waiting;
        synchronized (this) {
            detach();
            current = incarnation;
            gate = shut;
            bound.values().forEach(Bound::bind);
            waiting = takeHeld();
        }
        waiting.forEach(dial -> dial.go(incarnation));
    }

    /** The first incarnation begins, and its guest is restored: as {@link #attach(VsockHost)}, but nothing gets in or out before it is ready. */
    public void attachShut(VsockHost first) {
        attachShut(first, 1);
    }

    /** An incarnation begins whose guest is restored: as {@link #attach(VsockHost)}, but nothing gets in or out before {@link #open}. */
    void attachShut(VsockHost incarnation, long number) {
        VsockGate shut = new VsockGate(incarnation);
        attach(shut, number, Optional.of(shut));
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

    /**
     * From now on what is dialled waits, for the present incarnation or the next: until {@link #release}, or that begins.
     *
     * @param dialled told of each: its port and how long it waits; must not block
     */
    synchronized void hold(BiConsumer<Integer, Duration> dialled) {
        held = Optional.of(new Held(dialled, held.map(Held::dials).orElseGet(HeldDials::new)));
    }

    /** The present incarnation goes on, and with it what waits. No effect if nothing is held. */
    void release() {
        List<HeldDials.Dial> waiting;
        VsockHost host;
        synchronized (this) {
            waiting = takeHeld();
            host = current;
        }
        for (HeldDials.Dial dial : waiting) {
            if (host == null) {
                dial.refuse("its VM is not running");
            } else {
                dial.go(host);
            }
        }
    }

    /** Whether what is dialled waits. */
    synchronized boolean isHeld() {
        return held.isPresent();
    }

    /** Refuses what has waited for too long. */
    void refuseLate() {
        List<HeldDials.Dial> late;
        synchronized (this) {
            late = held.map(waits -> waits.dials().takeLate()).orElse(List.of());
        }
        late.forEach(dial -> dial.refuse("its VM was passive, and was not restored in time"));
    }

    private List<HeldDials.Dial> takeHeld() {
        List<HeldDials.Dial> waiting = held.map(waits -> waits.dials().take()).orElse(List.of());
        held = Optional.empty();
        begun.addAndGet(waiting.size());
        return waiting;
    }

    /** How many connections have been begun, by programs of the host and to those of the guest that they listen for; never goes back. */
    long begun() {
        return begun.get();
    }

    /** The VM has ended for good. */
    void end() {
        List<Bound> ended;
        detach();
        List<HeldDials.Dial> waiting;
        synchronized (this) {
            over = true;
            waiting = takeHeld();
            ended = List.copyOf(bound.values());
            bound.clear();
        }
        ended.forEach(port -> port.acceptor.onListenerEnded());
        waiting.forEach(dial -> dial.refuse("VM " + vm + " has ended"));
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
        boolean full = false;
        synchronized (this) {
            if (held.isPresent()) {
                Held waits = held.get();
                full = !waits.dials().add(type, port, timeout, handler);
                if (!full) {
                    waits.dialled().accept(port, timeout);
                    return;
                }
            }
            begun.incrementAndGet();
            host = current;
            ended = over;
        }
        if (full) {
            handler.onReset(HeldDials.notDialled(
                    port, HeldDials.MOST + " dials wait already for VM " + vm + ", which was passive"));
        } else if (host == null) {
            handler.onReset(new VsockException("VM " + vm + (ended ? " has ended" : " is not running") + ": port "
                    + Integer.toUnsignedString(port) + " cannot be dialled"));
        } else {
            host.connect(type, port, timeout, handler);
        }
    }

    private record Held(BiConsumer<Integer, Duration> dialled, HeldDials dials) {}

    /** What the guest asks for is a use of it as well. */
    private final class Counted implements Acceptor {
        private final Acceptor acceptor;

        Counted(Acceptor acceptor) {
            this.acceptor = acceptor;
        }

        @Override
        public void onRequest(IncomingRequest request) {
            begun.incrementAndGet();
            acceptor.onRequest(request);
        }

        @Override
        public void onRequestGone(IncomingRequest request) {
            acceptor.onRequestGone(request);
        }

        @Override
        public void onListenerEnded() {
            acceptor.onListenerEnded();
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
            listener = current.listen(type, port, backlog, new Counted(acceptor));
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
