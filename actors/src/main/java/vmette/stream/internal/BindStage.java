package vmette.stream.internal;

import akka.Done;
import akka.japi.Pair;
import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AbstractGraphStageWithMaterializedValue;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStageLogic;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import scala.jdk.javaapi.FutureConverters;
import vmette.errors.VsockException;
import vmette.stream.Vsock.Binding;
import vmette.stream.Vsock.IncomingConnection;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockHost.IncomingRequest;

/** A host port as a source of connections. */
public final class BindStage
        extends AbstractGraphStageWithMaterializedValue<SourceShape<IncomingConnection>, CompletionStage<Binding>> {
    private final Outlet<IncomingConnection> out = Outlet.create("Vsock.bind.out");
    private final SourceShape<IncomingConnection> shape = SourceShape.of(out);
    private final VsockHost host;
    private final int port;
    private final int backlog;
    private final boolean halfClose;

    /** See {@link vmette.stream.Vsock#bind(int, int, boolean)}. */
    public BindStage(VsockHost host, int port, int backlog, boolean halfClose) {
        this.host = host;
        this.port = port;
        this.backlog = backlog;
        this.halfClose = halfClose;
    }

    @Override
    public SourceShape<IncomingConnection> shape() {
        return shape;
    }

    @Override
    public Pair<GraphStageLogic, CompletionStage<Binding>> createLogicAndMaterializedValuePair(Attributes inherited) {
        Logic logic = new Logic();
        return Pair.create(logic, logic.bound);
    }

    private final class Logic extends GraphStageLogic {
        private final CompletableFuture<Binding> bound = new CompletableFuture<>();
        private final CompletableFuture<Done> unbound = new CompletableFuture<>();
        // Never longer than the backlog: the device counts a request until it is answered.
        private final Deque<IncomingRequest> waiting = new ArrayDeque<>();
        private VsockHost.Listener listener;

        Logic() {
            super(shape);
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    if (!waiting.isEmpty()) {
                        emit(waiting.removeFirst());
                    }
                }
            });
        }

        @Override
        public void preStart() {
            AsyncCallback<IncomingRequest> arrived = createAsyncCallback(this::onRequest);
            AsyncCallback<IncomingRequest> gone = createAsyncCallback(waiting::remove);
            AsyncCallback<Done> unbind = createAsyncCallback(done -> completeStage());
            try {
                listener = host.listen(port, backlog, new VsockHost.Acceptor() {
                    @Override
                    public void onRequest(IncomingRequest request) {
                        FutureConverters.asJava(arrived.invokeWithFeedback(request))
                                .whenComplete((done, failure) -> {
                                    if (failure != null) {
                                        request.reject();
                                    }
                                });
                    }

                    @Override
                    public void onRequestGone(IncomingRequest request) {
                        gone.invoke(request);
                    }

                    @Override
                    public void onListenerEnded() {
                        unbind.invoke(Done.getInstance());
                    }
                });
            } catch (RuntimeException e) {
                bound.completeExceptionally(e);
                failStage(e);
                return;
            }
            bound.complete(new Binding(listener.port(), () -> {
                unbind.invoke(Done.getInstance());
                return unbound;
            }));
        }

        private void onRequest(IncomingRequest request) {
            if (isAvailable(out)) {
                emit(request);
            } else {
                waiting.addLast(request);
            }
        }

        private void emit(IncomingRequest request) {
            push(
                    out,
                    new IncomingConnection(
                            request.local(), request.remote(), ConnectionStage.incoming(request, halfClose)));
        }

        @Override
        public void postStop() {
            if (listener != null) {
                listener.close();
            }
            waiting.forEach(IncomingRequest::reject);
            unbound.complete(Done.getInstance());
            bound.completeExceptionally(new VsockException("the stream ended before port " + port + " was bound"));
        }
    }
}
