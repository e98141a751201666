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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.VsockException;
import vmette.stream.Vsock.Binding;
import vmette.stream.Vsock.IncomingConnection;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockHost.IncomingRequest;
import vmette.vsock.VsockType;

/** A host port as a source of connections. */
public final class BindStage
        extends AbstractGraphStageWithMaterializedValue<SourceShape<IncomingConnection>, CompletionStage<Binding>> {
    private final Outlet<IncomingConnection> out = Outlet.create("Vsock.bind.out");
    private final SourceShape<IncomingConnection> shape = SourceShape.of(out);
    private final VsockHost host;
    private final VsockType type;
    private final int port;
    private final int backlog;
    private final boolean halfClose;

    /** See {@link vmette.stream.Vsock#bind(int, int, boolean)}. */
    public BindStage(VsockHost host, VsockType type, int port, int backlog, boolean halfClose) {
        this.host = host;
        this.type = type;
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
        private final Requests requests = new Requests();
        private VsockHost.Listener listener;

        Logic() {
            super(shape);
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    requests.poll().ifPresent(Logic.this::emit);
                }
            });
        }

        @Override
        public void preStart() {
            AsyncCallback<Done> arrived = createAsyncCallback(done -> onArrival());
            AsyncCallback<Done> unbind = createAsyncCallback(done -> completeStage());
            try {
                listener = host.listen(type, port, backlog, new VsockHost.Acceptor() {
                    @Override
                    public void onRequest(IncomingRequest request) {
                        switch (requests.add(request)) {
                            case FIRST -> arrived.invoke(Done.getInstance());
                            case FURTHER -> {}
                            case REFUSED -> request.reject();
                        }
                    }

                    @Override
                    public void onRequestGone(IncomingRequest request) {
                        requests.remove(request);
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

        private void onArrival() {
            requests.arrivalSeen();
            if (isAvailable(out)) {
                requests.poll().ifPresent(this::emit);
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
            requests.close().forEach(IncomingRequest::reject);
            unbound.complete(Done.getInstance());
            bound.completeExceptionally(new VsockException("the stream ended before port " + port + " was bound"));
        }
    }

    /**
     * Requests on their way from the loop's thread to the stage. They wait here and not in the stage's mailbox, which gets one
     * word for any number of them: a guest that asks and gives up as fast as it can must not fill it.
     */
    private static final class Requests {
        private enum Added {
            FIRST,
            FURTHER,
            REFUSED
        }

        // Never longer than the backlog: the device counts a request until it is answered or gone.
        private final Deque<IncomingRequest> waiting = new ArrayDeque<>();
        private boolean arrivalUnderWay;
        private boolean closed;

        /** The first one since the stage last looked is to be announced to it. */
        synchronized Added add(IncomingRequest request) {
            if (closed) {
                return Added.REFUSED;
            }
            waiting.addLast(request);
            if (arrivalUnderWay) {
                return Added.FURTHER;
            }
            arrivalUnderWay = true;
            return Added.FIRST;
        }

        synchronized void arrivalSeen() {
            arrivalUnderWay = false;
        }

        synchronized void remove(IncomingRequest request) {
            waiting.remove(request);
        }

        synchronized Optional<IncomingRequest> poll() {
            return Optional.ofNullable(waiting.pollFirst());
        }

        /** Takes no more; gives those that are still there. */
        synchronized List<IncomingRequest> close() {
            closed = true;
            List<IncomingRequest> left = List.copyOf(waiting);
            waiting.clear();
            return left;
        }
    }
}
