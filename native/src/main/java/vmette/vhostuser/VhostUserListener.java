package vmette.vhostuser;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmetteIoException;
import vmette.linux.Errno;
import vmette.linux.LinuxException;
import vmette.linux.PeerCredentials;
import vmette.linux.ReadinessLoop;
import vmette.linux.UnixSocket;
import vmette.memory.GuestMemorySource;
import vmette.memory.MappedGuestMemory;

/**
 * Waits at a path for a front-end, serves one at a time, and waits again when that has gone (QEMU comes back when the
 * device is plugged in anew after a snapshot). A peer of another user, or of a process that is not ours, is turned away.
 * All methods are called on the loop's thread.
 */
public final class VhostUserListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserListener.class);
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path path;
    private final ReadinessLoop loop;
    private final Supplier<? extends VhostUserDevice> devices;
    private final Function<PeerCredentials, GuestMemorySource> memory;
    private final IntPredicate pidIsOurs;
    private final UnixSocket listening;
    private BackendSession session;
    private boolean acceptFailed;
    private boolean closed;

    private VhostUserListener(
            Path path,
            ReadinessLoop loop,
            Supplier<? extends VhostUserDevice> devices,
            Function<PeerCredentials, GuestMemorySource> memory,
            IntPredicate pidIsOurs,
            UnixSocket listening) {
        this.path = path;
        this.loop = loop;
        this.devices = devices;
        this.memory = memory;
        this.pidIsOurs = pidIsOurs;
        this.listening = listening;
    }

    /** {@link #open(Path, ReadinessLoop, Supplier, Function, IntPredicate)} for mapped memory and any process of this user. */
    public static VhostUserListener open(Path socket, ReadinessLoop loop, Supplier<? extends VhostUserDevice> devices) {
        return open(socket, loop, devices, peer -> MappedGuestMemory::open, pid -> true);
    }

    /**
     * Listens.
     *
     * @param socket at most {@link UnixSocket#MAX_PATH} bytes, nothing there yet, in a directory that is this user's and
     *     nobody else's (mode 0700)
     * @param devices gives the device for each front-end, a fresh one every time
     * @param memory gives the way to reach the memory of a peer that was let in, mostly a {@link GuestMemoryAccess}; what
     *     it throws ends the device
     * @param pidIsOurs whether a process may be the front-end
     * @throws VmetteIoException if the place is not as said
     */
    public static VhostUserListener open(
            Path socket,
            ReadinessLoop loop,
            Supplier<? extends VhostUserDevice> devices,
            Function<PeerCredentials, GuestMemorySource> memory,
            IntPredicate pidIsOurs) {
        int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > UnixSocket.MAX_PATH) {
            throw new VmetteIoException("the vhost-user socket " + socket + " has a path of " + bytes
                    + " bytes, and Linux takes " + UnixSocket.MAX_PATH + ": choose a shorter run-time directory");
        }
        requirePrivateDirectory(socket);
        VhostUserListener listener = new VhostUserListener(socket, loop, devices, memory, pidIsOurs, listenAt(socket));
        loop.watch(listener.listening.fd(), listener::onConnection);
        return listener;
    }

    private static UnixSocket listenAt(Path socket) {
        try {
            return UnixSocket.listen(socket, 1);
        } catch (LinuxException e) {
            String remedy = e.errno() == Errno.EADDRINUSE
                    ? ": something is there already; remove it if no process uses it"
                    : ": check that the directory exists and can be written";
            throw new VmetteIoException("cannot listen for QEMU at " + socket + ", " + e.getMessage() + remedy, e);
        }
    }

    private static void requirePrivateDirectory(Path socket) {
        Path directory =
                Optional.ofNullable(socket.toAbsolutePath().getParent()).orElse(socket);
        try {
            int owner = (int) Files.getAttribute(directory, "unix:uid");
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
            if (owner != UnixSocket.ownUid() || !OWNER_ONLY.containsAll(mode)) {
                throw new VmetteIoException("the directory " + directory + " of the vhost-user socket is of user "
                        + owner + " with mode " + PosixFilePermissions.toString(mode)
                        + ": it must be this user's own and closed to all others (chmod 700)");
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "the directory " + directory + " of the vhost-user socket cannot be examined: " + e + "; create it",
                    e);
        }
    }

    private void onConnection() {
        Optional<UnixSocket> accepted;
        try {
            accepted = listening.accept();
            acceptFailed = false;
        } catch (LinuxException e) {
            // a connection that went away while it waited, or a shortage that may pass
            if (!acceptFailed) {
                LOG.warn("vhost-user connection at {} lost: {}", path, e.getMessage());
            }
            acceptFailed = true;
            return;
        }
        accepted.ifPresent(this::admit);
    }

    private void admit(UnixSocket peerSocket) {
        try {
            PeerCredentials peer = peerSocket.peerCredentials();
            if (peer.uid() != UnixSocket.ownUid() || !pidIsOurs.test(peer.pid())) {
                LOG.warn("turned away {} at {}", peer, path);
                peerSocket.close();
                return;
            }
            VhostUserDevice device = devices.get();
            GuestMemorySource source;
            try {
                source = memory.apply(peer);
            } catch (RuntimeException e) {
                LOG.debug("the memory of {} at {} cannot be reached", peer, path, e);
                peerSocket.close();
                device.disconnected(e.getMessage());
                return;
            }
            BackendSession admitted = new BackendSession(peerSocket, loop, device, source, this::onSessionEnd);
            loop.unwatch(listening.fd());
            session = admitted;
            admitted.start();
            LOG.debug("front-end {} connected at {}", peer, path);
        } catch (RuntimeException e) {
            LOG.warn("front-end at {} could not be served: {}", path, e.toString());
            if (session != null) {
                session.close();
            } else {
                peerSocket.close();
            }
        }
    }

    private void onSessionEnd() {
        session = null;
        if (!closed) {
            loop.watch(listening.fd(), this::onConnection);
        }
    }

    /** Where it listens. */
    public Path path() {
        return path;
    }

    /** Whether a front-end is being served. */
    public boolean isConnected() {
        return session != null;
    }

    /** Ends the session if there is one, stops listening, unlinks the socket. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (session == null) {
            loop.unwatch(listening.fd());
        } else {
            session.close();
        }
        listening.close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("the socket {} could not be removed: {}", path, e.toString());
        }
    }
}
