package vmette.vsock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;

/** A device's connections, the ports they use and the memory they may use. Belongs to the loop. */
final class ConnectionTable {
    /** Dialling takes host ports from here upwards, above those that people listen on. */
    static final int FIRST_DIAL_PORT = 1 << 30;

    private final VsockLimits limits;
    private final Map<ConnectionKey, VsockConnection> byKey = new HashMap<>();
    private final Set<VsockConnection> all = new HashSet<>();
    // Of all, for others than the loop.
    private final AtomicInteger count = new AtomicInteger();
    private int nextPort;

    /** @param nextPort the first to dial from, at least {@link #FIRST_DIAL_PORT} */
    ConnectionTable(VsockLimits limits, int nextPort) {
        this.limits = limits;
        this.nextPort = nextPort;
    }

    /**
     * One that dials from anywhere. A restored guest remembers connections of the VM that was saved: its kernel resets those that its programs had closed up to 8 s later
     * (VSOCK_CLOSE_TIMEOUT in net/vmw_vsock), by nothing but their ports, which no connection of this device must have.
     */
    static ConnectionTable dialling(VsockLimits limits) {
        return new ConnectionTable(limits, ThreadLocalRandom.current().nextInt(FIRST_DIAL_PORT, Integer.MAX_VALUE));
    }

    /** The connection that a packet with these ports is for. */
    VsockConnection find(ConnectionKey key) {
        return byKey.get(key);
    }

    /**
     * Reserves the place and memory of a connection that the host dials, to be followed by {@link #add}.
     *
     * @return the limit in the way, if there is one
     */
    Optional<String> reserveForHost() {
        return reserve(all.size(), 0);
    }

    /**
     * The same for one that the guest asks for. A quarter of everything is out of its reach: or else any program in a
     * guest could keep the host from dialling its agent, and a few VMs keep it from dialling those of all others.
     */
    Optional<String> reserveForGuest() {
        long most = Math.min(limits.maxConnections(), limits.perVmBudget() / limits.bufAlloc());
        long mostInProcess = limits.budget().limit() / limits.bufAlloc();
        return reserve(all.size() + most / 4, mostInProcess / 4 * limits.bufAlloc());
    }

    private Optional<String> reserve(long taken, long processBytesLeft) {
        if (taken >= limits.maxConnections()) {
            return Optional.of("the VM has its " + limits.maxConnections() + " connections");
        }
        if ((taken + 1) * limits.bufAlloc() > limits.perVmBudget()) {
            return Optional.of("the VM's vsock budget of " + limits.perVmBudget() + " bytes is used up");
        }
        if (!limits.budget().tryReserve(limits.bufAlloc(), processBytesLeft)) {
            return Optional.of(
                    "this process's vsock budget of " + limits.budget().limit() + " bytes is used up");
        }
        return Optional.empty();
    }

    void add(VsockConnection connection) {
        byKey.put(connection.key(), connection);
        all.add(connection);
        count.setOpaque(all.size());
    }

    /** The guest does not know it any more. */
    void left(VsockConnection connection) {
        byKey.remove(connection.key(), connection);
    }

    /** Nothing of it remains. */
    void gone(VsockConnection connection) {
        if (all.remove(connection)) {
            count.setOpaque(all.size());
            limits.budget().release(limits.bufAlloc());
        }
    }

    /** A key to dial a guest port with; the ports run on, so that one just used is not used again soon. */
    ConnectionKey dialKey(int guestPort, IntPredicate listened) {
        while (true) {
            ConnectionKey key = new ConnectionKey(guestPort, nextPort);
            nextPort = nextPort == Integer.MAX_VALUE ? FIRST_DIAL_PORT : nextPort + 1;
            if (!byKey.containsKey(key) && !listened.test(key.hostPort())) {
                return key;
            }
        }
    }

    /** All that hold anything, in a copy. */
    List<VsockConnection> snapshot() {
        return new ArrayList<>(all);
    }

    /** As {@link #size}, a little later and for any thread. */
    int count() {
        return count.getOpaque();
    }

    int size() {
        return all.size();
    }
}
