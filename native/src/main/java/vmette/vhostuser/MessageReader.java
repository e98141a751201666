package vmette.vhostuser;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.linux.OwnedFd;
import vmette.linux.UnixSocket;

/**
 * Assembles messages from a socket that may give them in pieces. Never reads beyond the message at hand, so that
 * descriptors received meanwhile belong to it.
 */
final class MessageReader implements AutoCloseable {
    private final UnixSocket socket;
    private final ByteBuffer headerBytes = ByteBuffer.allocate(VhostUserCodec.HEADER_SIZE);
    private VhostUserCodec.Header header;
    private ByteBuffer payload;
    private List<OwnedFd> fds = new ArrayList<>(0);
    private boolean endOfFile;

    MessageReader(UnixSocket socket) {
        this.socket = socket;
    }

    /** A whole message. Whoever takes it owns the descriptors. */
    record Message(VhostUserCodec.Header header, ByteBuffer payload, List<OwnedFd> fds) {}

    /** The next message, or empty if it is not all there; then see {@link #atEndOfFile}. */
    Optional<Message> next() {
        if (header == null) {
            if (!fill(headerBytes)) {
                return Optional.empty();
            }
            header = VhostUserCodec.header(headerBytes.flip());
            payload = ByteBuffer.allocate(header.size());
        }
        if (!fill(payload)) {
            return Optional.empty();
        }
        Message message = new Message(header, payload.flip(), fds);
        header = null;
        headerBytes.clear();
        fds = new ArrayList<>(0);
        return Optional.of(message);
    }

    private boolean fill(ByteBuffer target) {
        while (target.hasRemaining()) {
            int received = socket.receive(target, fds);
            if (fds.size() > VhostUserCodec.MAX_REGIONS) {
                throw new VhostUserException(fds.size() + " descriptors came with one message");
            }
            if (received <= 0) {
                endOfFile = received == 0;
                return false;
            }
        }
        return true;
    }

    boolean atEndOfFile() {
        return endOfFile;
    }

    /** Whether part of a message was received. */
    boolean insideMessage() {
        return header != null || headerBytes.position() > 0;
    }

    /** Closes descriptors of a message that was never completed. */
    @Override
    public void close() {
        fds.forEach(OwnedFd::close);
        fds.clear();
    }
}
