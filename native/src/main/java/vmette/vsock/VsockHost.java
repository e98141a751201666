package vmette.vsock;

import java.time.Duration;
import vmette.errors.VsockException;

/**
 * The host's end (CID 2) of one VM's vsock. Thread-safe; callbacks arrive on the device loop's thread and must neither
 * block nor throw.
 */
public interface VsockHost {
    /** The host's CID, by the virtio specification. */
    int HOST_CID = 2;

    /** What becomes of a guest's request for a connection to a listened port. */
    @FunctionalInterface
    interface Acceptor {
        /**
         * The guest asks for a connection. Called on the loop. The answer, {@link IncomingRequest#accept} or {@link
         * IncomingRequest#reject}, may come later and from any thread; without one within the accept timeout the
         * guest gets RST.
         */
        void onRequest(IncomingRequest request);

        /**
         * The request went away unanswered: the guest gave up, the accept timeout passed or the VM ended. Called at
         * most once per request, never after an answer.
         */
        default void onRequestGone(IncomingRequest request) {}

        /**
         * Nobody will ever ask again, because the VM has ended for good. Not called after {@link Listener#close}; a device, which is
         * one incarnation's, never calls it.
         */
        default void onListenerEnded() {}
    }

    /** A guest's request, waiting for an answer. */
    interface IncomingRequest {
        /** The host's address, that is the port the guest dialled. */
        VsockAddress local();

        /** The guest's address. */
        VsockAddress remote();

        /**
         * Accepts; the first answer counts. {@code handler.onOpen} follows, or {@code handler.onReset} where the request had gone.
         */
        void accept(VsockChannelHandler handler);

        /** Refuses: the guest gets RST. */
        void reject();
    }

    /** A port being listened on. */
    interface Listener extends AutoCloseable {
        /** The host port. */
        int port();

        /** Stops listening: requests get RST from now on, open connections stay. Idempotent. */
        @Override
        void close();
    }

    /** What has gone over it. May be a little old, and never goes back. */
    default VsockCounts counts() {
        return VsockCounts.NONE;
    }

    /**
     * Listens on a host port, for streams.
     *
     * @param port 1 to 2^31-1, or 0 for a free one from 50000 to 59999
     * @param backlog requests that may wait for an answer at once, at least 1; one beyond gets RST
     * @throws VsockException if the port is taken or none is free, or the device is closed
     */
    Listener listen(int port, int backlog, Acceptor acceptor);

    /**
     * {@link #listen(int, int, Acceptor)} for a type; a guest's request for the other is refused.
     *
     * @throws VsockException also from a host that knows streams only
     */
    default Listener listen(VsockType type, int port, int backlog, Acceptor acceptor) {
        if (type != VsockType.STREAM) {
            throw new VsockException("this vsock host knows no " + type);
        }
        return listen(port, backlog, acceptor);
    }

    /**
     * Dials a guest port, for a stream. A request made before the guest's driver is up waits for it within the timeout. Ends with
     * {@code handler.onOpen} or {@code handler.onReset}.
     *
     * @param port guest port, 1 to 2^32-2 as an unsigned int
     * @param timeout positive
     * @param handler receives all that happens, on the loop
     */
    void connect(int port, Duration timeout, VsockChannelHandler handler);

    /** {@link #connect(int, Duration, VsockChannelHandler)} for a type; a guest that listens for the other refuses. */
    default void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        if (type == VsockType.STREAM) {
            connect(port, timeout, handler);
        } else {
            handler.onReset(new VsockException("this vsock host knows no " + type));
        }
    }

    /**
     * Says what the guest is, such as {@code incarnation 2 of VM web}: what fails because the guest has ended names it.
     *
     * @param guest for people
     */
    default void belongsTo(String guest) {}
}
