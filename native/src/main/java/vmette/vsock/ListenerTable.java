package vmette.vsock;

import java.util.concurrent.ConcurrentHashMap;
import vmette.errors.VsockException;

/** The host ports being listened on. Thread-safe; a listener's count of waiting requests belongs to the loop. */
final class ListenerTable {
    private static final int FIRST_FREE = 50_000;
    private static final int LAST_FREE = 59_999;

    private final ConcurrentHashMap<Integer, Entry> byPort = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** A port with its acceptor. */
    final class Entry implements VsockHost.Listener {
        private final VsockType type;
        private final int port;
        private final int backlog;
        private final VsockHost.Acceptor acceptor;
        private int waiting;

        private Entry(VsockType type, int port, int backlog, VsockHost.Acceptor acceptor) {
            this.type = type;
            this.port = port;
            this.backlog = backlog;
            this.acceptor = acceptor;
        }

        @Override
        public int port() {
            return port;
        }

        VsockType type() {
            return type;
        }

        VsockHost.Acceptor acceptor() {
            return acceptor;
        }

        /** Takes a place in the backlog; false if it is full. */
        boolean enter() {
            if (waiting >= backlog) {
                return false;
            }
            waiting++;
            return true;
        }

        void leave() {
            waiting--;
        }

        @Override
        public void close() {
            byPort.remove(port, this);
        }
    }

    Entry listen(VsockType type, int port, int backlog, VsockHost.Acceptor acceptor) {
        Entry entry = port == 0 ? anyPort(type, backlog, acceptor) : new Entry(type, port, backlog, acceptor);
        if (port != 0 && byPort.putIfAbsent(port, entry) != null) {
            throw new VsockException("host vsock port " + port + " is listened on already; close that listener first");
        }
        if (closed) {
            entry.close();
            throw new VsockException("cannot listen on host vsock port " + port + ": the VM's vsock device is closed");
        }
        return entry;
    }

    private Entry anyPort(VsockType type, int backlog, VsockHost.Acceptor acceptor) {
        for (int port = FIRST_FREE; port <= LAST_FREE; port++) {
            Entry entry = new Entry(type, port, backlog, acceptor);
            if (byPort.putIfAbsent(port, entry) == null) {
                return entry;
            }
        }
        throw new VsockException("all host vsock ports from " + FIRST_FREE + " to " + LAST_FREE
                + " are listened on; close listeners or name a port");
    }

    /** The listener of a port, or null. */
    Entry find(int port) {
        return byPort.get(port);
    }

    /** Closes all, and any that is to come. */
    void close() {
        closed = true;
        byPort.clear();
    }
}
