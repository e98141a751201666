package vmette.stream;

import akka.Done;
import akka.stream.javadsl.Flow;
import akka.util.ByteString;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import vmette.errors.InvalidConfigException;
import vmette.errors.VsockException;
import vmette.stream.internal.ConnectionStage;
import vmette.stream.internal.GuestTcpOpening;
import vmette.vsock.VsockHost;

/** TCP connections to one VM's guest, made by its agent and carried over vsock: no network is needed. Thread-safe. */
public final class GuestTcp {
    /** One connection that the agent has been asked for. */
    public interface Connecting {
        /** Completes when it stands in the guest; fails with a {@code VmetteException}. */
        CompletionStage<Void> connected();

        /** Completes if one that stood is lost in the guest. */
        CompletionStage<VsockException> lost();

        /** First bytes of the data connection that is joined to it. */
        byte[] opening();

        /**
         * Its stream is over, however that was.
         *
         * @param joined whether its data connection was opened
         */
        void ended(boolean joined);
    }

    private final VsockHost host;
    private final Duration dialTimeout;
    private final IntFunction<Connecting> agent;

    /**
     * @param host dials the data connections
     * @param dialTimeout for these, positive
     * @param agent asked for a connection to a guest port at each materialisation; neither blocks nor throws
     */
    public GuestTcp(VsockHost host, Duration dialTimeout, IntFunction<Connecting> agent) {
        this.host = Objects.requireNonNull(host, "host");
        this.dialTimeout = Objects.requireNonNull(dialTimeout, "dialTimeout");
        this.agent = Objects.requireNonNull(agent, "agent");
    }

    /**
     * A TCP connection to a program in the guest that listens on the loopback address, or on all. An end of the bytes in either
     * direction leaves the other one open; a failure of either side is a reset for the other.
     *
     * @param port the guest's, 1 to 65535
     * @return the materialised value completes when the connection stands in the guest; it, and the stream, fail with {@link
     *     vmette.errors.GuestConnectException} where nobody listens
     * @throws InvalidConfigException for a port that there cannot be
     */
    public Flow<ByteString, ByteString, CompletionStage<Done>> connect(int port) {
        if (port < 1 || port > 65535) {
            throw new InvalidConfigException("there is no TCP port " + port + " in the guest: allowed is 1 to 65535");
        }
        return Flow.fromGraph(ConnectionStage.deferred(
                        handler -> GuestTcpOpening.open(handler, agent.apply(port), host, dialTimeout)))
                .mapMaterializedValue(opened -> opened.thenApply(connection -> Done.getInstance()));
    }
}
