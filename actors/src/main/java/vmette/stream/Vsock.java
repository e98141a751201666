package vmette.stream;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import vmette.stream.internal.BindStage;
import vmette.stream.internal.ConnectionStage;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/**
 * The streams of one VM's vsock. Thread-safe; the sources and flows are blueprints and may be materialised any number of times,
 * each materialisation of {@link #connect} being a connection of its own.
 *
 * <p>A connection lost with its VM, or reset by the guest, fails its streams with {@link vmette.errors.VsockResetException};
 * one that could not be made fails them, and the materialised value, with {@link vmette.errors.VsockException}.
 */
public final class Vsock {
    private final VsockHost host;
    private final int backlog;
    private final Duration connectTimeout;

    /**
     * @param host the connections' maker
     * @param backlog default for {@link #bind(int)}, at least 1
     * @param connectTimeout default for {@link #connect(int)}, positive
     */
    public Vsock(VsockHost host, int backlog, Duration connectTimeout) {
        this.host = Objects.requireNonNull(host, "host");
        this.backlog = backlog;
        this.connectTimeout = Objects.requireNonNull(connectTimeout, "connectTimeout");
    }

    /** As {@link #bind(int, int, boolean)} with the settings' backlog, and with half-close: a reply may follow the end of a request. */
    public Source<IncomingConnection, CompletionStage<Binding>> bind(int port) {
        return bind(port, backlog, true);
    }

    /**
     * Listens for the guest's programs on a host port. Each element is a connection to be handled by materialising its flow
     * within {@code vmette.vsock.accept-timeout}; one that nobody handles is reset.
     *
     * @param port 1 to 2^31-1, or 0: a free one from 50000 to 59999
     * @param backlog connections that may wait at once, at least 1; one beyond is refused
     * @param halfClose whether the end of the guest's bytes leaves the other direction open
     * @return the materialised value is there when the port is; it fails with {@code VsockException} if it is taken
     */
    public Source<IncomingConnection, CompletionStage<Binding>> bind(int port, int backlog, boolean halfClose) {
        return Source.fromGraph(new BindStage(host, VsockType.STREAM, port, backlog, halfClose));
    }

    /** As {@link #connect(int, Duration, boolean)} with the settings' timeout and half-close. */
    public Flow<ByteString, ByteString, CompletionStage<OutgoingConnection>> connect(int port) {
        return connect(port, connectTimeout, true);
    }

    /**
     * Dials a port in the guest.
     *
     * @param port 1 to 2^32-2, as an unsigned int
     * @param timeout positive
     * @param halfClose whether the end of the guest's bytes, or a reader that cancels, leaves the other direction open; the end of the
     *     bytes for the guest always does
     */
    public Flow<ByteString, ByteString, CompletionStage<OutgoingConnection>> connect(
            int port, Duration timeout, boolean halfClose) {
        return Flow.fromGraph(ConnectionStage.outgoing(host, VsockType.STREAM, port, timeout, halfClose));
    }

    /**
     * As {@link #bind(int)} for the guest's {@code SOCK_SEQPACKET} sockets: each element of a connection's flow is one message, in either
     * direction; an empty one for the guest is not sent. See {@link VsockType#SEQPACKET} for the largest.
     */
    public Source<IncomingConnection, CompletionStage<Binding>> bindSeqpacket(int port) {
        return Source.fromGraph(new BindStage(host, VsockType.SEQPACKET, port, backlog, true));
    }

    /** As {@link #connect(int)} to a {@code SOCK_SEQPACKET} socket in the guest; messages as in {@link #bindSeqpacket}. */
    public Flow<ByteString, ByteString, CompletionStage<OutgoingConnection>> connectSeqpacket(int port) {
        return Flow.fromGraph(ConnectionStage.outgoing(host, VsockType.SEQPACKET, port, connectTimeout, true));
    }

    /**
     * A port being listened on.
     *
     * @param port the host's port
     * @param unbinding stops listening when run; completes once no more connections arrive
     */
    public record Binding(int port, Supplier<CompletionStage<Done>> unbinding) {
        /** Stops listening and completes the source; open connections stay. Idempotent. */
        public CompletionStage<Done> unbind() {
            return unbinding.get();
        }
    }

    /**
     * A connection that a program in the guest made.
     *
     * @param localAddress the host's
     * @param remoteAddress the guest's
     * @param flow takes bytes for the guest, gives the guest's; to be materialised at most once
     */
    public record IncomingConnection(
            VsockAddress localAddress, VsockAddress remoteAddress, Flow<ByteString, ByteString, NotUsed> flow) {}

    /**
     * A connection made into the guest.
     *
     * @param localAddress the host's
     * @param remoteAddress the guest's
     */
    public record OutgoingConnection(VsockAddress localAddress, VsockAddress remoteAddress) {}
}
