package vmette.vhostuser;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.linux.Errno;
import vmette.linux.EventFd;
import vmette.linux.LinuxException;
import vmette.linux.OwnedFd;
import vmette.linux.ReadinessLoop;
import vmette.linux.UnixSocket;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRegion;
import vmette.virtio.Virtio;
import vmette.virtio.VirtqueueException;

/**
 * One front-end's connection, from its first message to its end. Owns the socket, every descriptor received and the
 * guest's memory; serves one device. Used on the loop's thread; nothing is thrown to the loop: whatever goes wrong,
 * in the protocol, a ring or the device, stops the rings, closes everything and ends in {@link
 * VhostUserDevice#disconnected}.
 *
 * <p>A request that is refused (unknown, or a write to the configuration space) is answered by an error if the front-end
 * asked for a reply, and ends the session if it did not, since it would go on in the belief that it was served.
 */
public final class BackendSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackendSession.class);

    /** Messages handled in one call of the loop; the rest is still readable the next time round. */
    private static final int MESSAGES_PER_TURN = 32;

    private static final int VRING_ADDR_F_LOG = 1;

    private final UnixSocket socket;
    private final ReadinessLoop loop;
    private final VhostUserDevice device;
    private final MessageReader reader;
    private final DeviceRings rings;
    private final GuestMemorySource memory;
    private final Runnable onEnd;
    private final long offeredFeatures;
    private long protocolFeatures;
    private boolean watching;
    private boolean ended;

    /**
     * A session that does nothing until {@link #start}.
     *
     * @param socket connected; owned by the session from now on
     * @param memory opens the guest's memory at each SET_MEM_TABLE; closed with the session
     * @param onEnd called once, after {@link VhostUserDevice#disconnected}
     */
    public BackendSession(
            UnixSocket socket, ReadinessLoop loop, VhostUserDevice device, GuestMemorySource memory, Runnable onEnd) {
        this.socket = socket;
        this.loop = loop;
        this.device = device;
        this.memory = memory;
        this.onEnd = onEnd;
        reader = new MessageReader(socket);
        rings = new DeviceRings(device, loop, memory, this::fail);
        offeredFeatures = device.deviceFeatures()
                | Virtio.F_VERSION_1
                | Virtio.F_EVENT_IDX
                | Virtio.F_INDIRECT_DESC
                | VhostUser.F_PROTOCOL_FEATURES;
    }

    /** Begins to serve; call on the loop's thread. */
    public void start() {
        loop.watch(socket.fd(), this::onReadable);
        watching = true;
    }

    private void onReadable() {
        try {
            for (int i = 0; i < MESSAGES_PER_TURN && !ended; i++) {
                Optional<MessageReader.Message> message = reader.next();
                if (message.isEmpty()) {
                    if (reader.atEndOfFile()) {
                        end(
                                reader.insideMessage()
                                        ? "the front-end left in the middle of a message"
                                        : "the front-end closed the connection");
                    }
                    return;
                }
                handle(message.get());
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void handle(MessageReader.Message message) {
        VhostUserCodec.Header header = message.header();
        try {
            Optional<FrontendRequest> request = FrontendRequest.of(header.request());
            Optional<ByteBuffer> reply = serve(
                    request.orElseThrow(() -> new VhostUserException("request " + header.request() + " is not served")),
                    message);
            if (reply.isPresent()) {
                send(reply.get());
            } else if (wantsAcknowledgement(header)) {
                send(VhostUserCodec.u64Reply(header.request(), 0));
            }
        } catch (VhostUserException e) {
            if (!wantsAcknowledgement(header) || isAnsweredByData(header)) {
                throw e;
            }
            LOG.debug("refused: {}", e.getMessage());
            send(VhostUserCodec.u64Reply(header.request(), 1));
        } finally {
            // whatever was kept has been taken out of the list
            message.fds().forEach(OwnedFd::close);
        }
    }

    private boolean wantsAcknowledgement(VhostUserCodec.Header header) {
        return header.needReply() && (protocolFeatures & VhostUser.PROTOCOL_F_REPLY_ACK) != 0;
    }

    private static boolean isAnsweredByData(VhostUserCodec.Header header) {
        return FrontendRequest.of(header.request())
                .map(FrontendRequest::hasReply)
                .orElse(false);
    }

    private Optional<ByteBuffer> serve(FrontendRequest request, MessageReader.Message message) {
        ByteBuffer payload = message.payload();
        int code = request.code();
        switch (request) {
            case GET_FEATURES -> {
                VhostUserCodec.nothing(payload);
                return Optional.of(VhostUserCodec.u64Reply(code, offeredFeatures));
            }
            case GET_PROTOCOL_FEATURES -> {
                VhostUserCodec.nothing(payload);
                return Optional.of(VhostUserCodec.u64Reply(code, VhostUser.PROTOCOL_FEATURES));
            }
            case GET_QUEUE_NUM -> {
                VhostUserCodec.nothing(payload);
                return Optional.of(VhostUserCodec.u64Reply(code, rings.count()));
            }
            case GET_CONFIG -> {
                VhostUserCodec.ConfigRange range = VhostUserCodec.configRange(payload);
                return Optional.of(VhostUserCodec.configReply(code, range, device.config()));
            }
            case GET_VRING_BASE -> {
                int index = VhostUserCodec.vringState(payload).index();
                int base = rings.takeBase(index);
                return Optional.of(VhostUserCodec.vringStateReply(code, new VhostUserCodec.VringState(index, base)));
            }
            case SET_FEATURES -> rings.setFeatures(subset("features", VhostUserCodec.u64(payload), offeredFeatures));
            case SET_PROTOCOL_FEATURES ->
                protocolFeatures =
                        subset("protocol features", VhostUserCodec.u64(payload), VhostUser.PROTOCOL_FEATURES);
            case SET_OWNER -> VhostUserCodec.nothing(payload);
            case RESET_OWNER -> {
                VhostUserCodec.nothing(payload);
                rings.disableAll();
            }
            case SET_MEM_TABLE -> setMemoryTable(payload, message.fds());
            case SET_CONFIG -> throw new VhostUserException("the configuration space is read-only");
            default -> setVring(request, payload, message.fds());
        }
        return Optional.empty();
    }

    private static long subset(String what, long chosen, long offered) {
        if ((chosen & ~offered) != 0) {
            throw new VhostUserException(
                    what + " 0x" + Long.toHexString(chosen & ~offered) + " were chosen but not offered");
        }
        return chosen;
    }

    private void setMemoryTable(ByteBuffer payload, List<OwnedFd> files) {
        List<GuestRegion> regions = VhostUserCodec.memoryTable(payload);
        if (regions.size() != files.size()) {
            throw new VhostUserException(regions.size() + " memory regions came with " + files.size()
                    + " descriptors: all of the guest's memory must lie in files (memory-backend-memfd or -file)");
        }
        rings.setMemory(regions, files);
    }

    private void setVring(FrontendRequest request, ByteBuffer payload, List<OwnedFd> fds) {
        switch (request) {
            case SET_VRING_NUM -> {
                VhostUserCodec.VringState state = VhostUserCodec.vringState(payload);
                if (state.number() < 1 || state.number() > Virtio.MAX_QUEUE_SIZE) {
                    throw new VhostUserException(
                            "ring " + state.index() + " cannot have size " + Integer.toUnsignedString(state.number()));
                }
                rings.slot(state.index()).setSize(state.number());
            }
            case SET_VRING_BASE -> {
                VhostUserCodec.VringState state = VhostUserCodec.vringState(payload);
                if ((state.number() & ~0xffff) != 0) {
                    throw new VhostUserException(
                            "ring " + state.index() + " cannot have base " + Integer.toUnsignedString(state.number()));
                }
                rings.slot(state.index()).setBase(state.number());
            }
            case SET_VRING_ADDR -> {
                VhostUserCodec.VringAddresses addresses = VhostUserCodec.vringAddresses(payload);
                if ((addresses.flags() & VRING_ADDR_F_LOG) != 0) {
                    throw new VhostUserException("logging was asked for but not offered");
                }
                rings.slot(addresses.index()).setAddresses(addresses);
            }
            case SET_VRING_ENABLE -> {
                VhostUserCodec.VringState state = VhostUserCodec.vringState(payload);
                if ((state.number() & ~1) != 0) {
                    throw new VhostUserException("ring " + state.index() + " can be enabled (1) or not (0), not "
                            + Integer.toUnsignedString(state.number()));
                }
                rings.setEnabled(state.index(), state.number() == 1);
            }
            case SET_VRING_KICK -> {
                VhostUserCodec.VringFile file = VhostUserCodec.vringFile(payload);
                EventFd kick = takeEventFd(file, fds)
                        .orElseThrow(() -> new VhostUserException("a ring without kicks would have to be polled"));
                rings.setKick(file.index(), kick);
            }
            case SET_VRING_CALL -> {
                VhostUserCodec.VringFile file = VhostUserCodec.vringFile(payload);
                rings.slot(file.index()).setCall(takeEventFd(file, fds).orElse(null));
            }
            case SET_VRING_ERR -> {
                VhostUserCodec.VringFile file = VhostUserCodec.vringFile(payload);
                rings.slot(file.index()).setError(takeEventFd(file, fds).orElse(null));
            }
            default -> throw new VhostUserException(request + " is not served");
        }
    }

    /** Takes the descriptor out of the message's list, once all else about the message is known to be right. */
    private Optional<EventFd> takeEventFd(VhostUserCodec.VringFile file, List<OwnedFd> fds) {
        rings.slot(file.index());
        if (fds.size() != (file.hasFd() ? 1 : 0)) {
            throw new VhostUserException("ring " + file.index() + ": " + fds.size() + " descriptors came where "
                    + (file.hasFd() ? "one is" : "none is") + " due");
        }
        return file.hasFd() ? Optional.of(EventFd.wrap(fds.remove(0))) : Optional.empty();
    }

    private void send(ByteBuffer reply) {
        if (socket.send(reply) == UnixSocket.WOULD_BLOCK || reply.hasRemaining()) {
            throw new VhostUserException("the front-end does not read its replies");
        }
    }

    private void fail(Throwable cause) {
        if (ended) {
            LOG.debug("after the session's end", cause);
            return;
        }
        if (cause instanceof LinuxException linux
                && (linux.errno() == Errno.ECONNRESET || linux.errno() == Errno.EPIPE)) {
            end("the front-end closed the connection");
            return;
        }
        LOG.debug("the session fails", cause);
        String message = cause.getMessage();
        if (cause instanceof VhostUserException) {
            end("vhost-user protocol: " + message);
        } else if (cause instanceof VirtqueueException) {
            end("the guest broke a ring: " + message);
        } else if (cause instanceof GuestMemoryException) {
            end(message);
        } else {
            end(cause.getClass().getSimpleName() + (message == null ? "" : ": " + message));
        }
    }

    private void end(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        LOG.debug("session ends: {}", reason);
        if (watching) {
            loop.unwatch(socket.fd());
        }
        rings.close();
        memory.close();
        reader.close();
        socket.close();
        try {
            device.disconnected(reason);
        } catch (Throwable e) {
            LOG.warn("a device failed while it was told of its front-end's end", e);
        } finally {
            onEnd.run();
        }
    }

    /** Ends the session from our side; call on the loop's thread. Idempotent. */
    @Override
    public void close() {
        end("the device was closed");
    }
}
