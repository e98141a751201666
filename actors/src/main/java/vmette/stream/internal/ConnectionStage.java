package vmette.stream.internal;

import akka.NotUsed;
import akka.japi.Pair;
import akka.stream.Attributes;
import akka.stream.FlowShape;
import akka.stream.Graph;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.javadsl.Flow;
import akka.stream.stage.AbstractGraphStageWithMaterializedValue;
import akka.stream.stage.GraphStageLogic;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import vmette.errors.VsockException;
import vmette.stream.Vsock.OutgoingConnection;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockType;

/** One vsock connection as a flow: takes bytes for the guest, gives the guest's. */
public final class ConnectionStage
        extends AbstractGraphStageWithMaterializedValue<
                FlowShape<ByteString, ByteString>, CompletionStage<OutgoingConnection>> {
    private final Inlet<ByteString> in = Inlet.create("Vsock.in");
    private final Outlet<ByteString> out = Outlet.create("Vsock.out");
    private final FlowShape<ByteString, ByteString> shape = FlowShape.of(in, out);
    private final Opening opening;
    private final boolean halfClose;

    private ConnectionStage(Opening opening, boolean halfClose) {
        this.opening = opening;
        this.halfClose = halfClose;
    }

    /** A connection to be dialled at each materialisation. */
    public static Graph<FlowShape<ByteString, ByteString>, CompletionStage<OutgoingConnection>> outgoing(
            VsockHost host, VsockType type, int port, Duration timeout, boolean halfClose) {
        return new ConnectionStage(
                handler -> {
                    host.connect(type, port, timeout, handler);
                    return () -> {};
                },
                halfClose);
    }

    /** A connection that takes more than a dial, with half-close. */
    public static Graph<FlowShape<ByteString, ByteString>, CompletionStage<OutgoingConnection>> deferred(
            Opening opening) {
        return new ConnectionStage(opening, true);
    }

    /** A connection the guest asked for, accepted when materialised, which may happen once. */
    static Flow<ByteString, ByteString, NotUsed> incoming(VsockHost.IncomingRequest request, boolean halfClose) {
        AtomicBoolean taken = new AtomicBoolean();
        return Flow.fromGraph(new ConnectionStage(
                        handler -> {
                            if (taken.compareAndSet(false, true)) {
                                request.accept(handler);
                            } else {
                                handler.onReset(new VsockException("the connection " + request.remote() + " -> "
                                        + request.local() + " is handled already: its flow can be materialised once"));
                            }
                            return () -> {};
                        },
                        halfClose))
                .mapMaterializedValue(open -> NotUsed.getInstance());
    }

    @Override
    public FlowShape<ByteString, ByteString> shape() {
        return shape;
    }

    @Override
    public Pair<GraphStageLogic, CompletionStage<OutgoingConnection>> createLogicAndMaterializedValuePair(
            Attributes inherited) {
        CompletableFuture<OutgoingConnection> opened = new CompletableFuture<>();
        return Pair.create(new ConnectionLogic(shape, opening, halfClose, opened), opened);
    }
}
