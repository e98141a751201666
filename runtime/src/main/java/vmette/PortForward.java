package vmette;

import akka.Done;
import akka.NotUsed;
import akka.japi.Pair;
import akka.stream.Materializer;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Tcp;
import akka.util.ByteString;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;
import vmette.config.PublishedPort;

/** A TCP port of the host's loopback address that leads to one of a guest's. Thread-safe. */
public final class PortForward {
    private final PublishedPort ports;
    private final Tcp.ServerBinding binding;

    PortForward(PublishedPort ports, Tcp.ServerBinding binding) {
        this.ports = ports;
        this.binding = binding;
    }

    /** The host's port, also where any free one was asked for. */
    public int hostPort() {
        return binding.localAddress().getPort();
    }

    /** The guest's port. */
    public int guestPort() {
        return ports.guestPort();
    }

    int asked() {
        return ports.hostPort();
    }

    /** Stops listening; open connections stay. Idempotent. */
    public CompletionStage<Done> close() {
        binding.unbind();
        return whenClosed();
    }

    /** Completes when the port is closed, by {@link #close} or with the VM. */
    public CompletionStage<Done> whenClosed() {
        return binding.whenUnbound();
    }

    /**
     * A connection that was made to the host's port, not joined to the guest yet.
     *
     * @param remoteAddress the client's
     * @param client takes bytes for the client, gives the client's; to be materialised once
     * @param guest takes bytes for the guest's server, gives the server's; see {@link VmHandle#connectTcp}
     */
    public record Connection(
            InetSocketAddress remoteAddress,
            Flow<ByteString, ByteString, NotUsed> client,
            Flow<ByteString, ByteString, CompletionStage<Done>> guest) {

        /**
         * Joins the two.
         *
         * @return completes when both directions have ended; fails if one does
         */
        public CompletionStage<Done> run(Materializer materializer) {
            Pair<CompletionStage<Done>, CompletionStage<Done>> directions = client.watchTermination(Keep.right())
                    .joinMat(guest.watchTermination(Keep.right()), Keep.both())
                    .run(materializer);
            return directions.first().thenCombine(directions.second(), (in, out) -> out);
        }
    }
}
