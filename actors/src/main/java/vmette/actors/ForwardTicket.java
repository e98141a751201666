package vmette.actors;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.VsockException;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.Token;
import vmette.stream.GuestTcp;

/** One TCP connection into the guest as its stream and its actor share it. Thread-safe. */
public final class ForwardTicket implements GuestTcp.Connecting {
    private final long id;
    private final int port;
    private final Token token = Token.random();
    private final CompletableFuture<Void> connected = new CompletableFuture<>();
    private final CompletableFuture<VsockException> lost = new CompletableFuture<>();
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    private ForwardTicket(long id, int port) {
        this.id = id;
        this.port = port;
    }

    /**
     * A ticket for a connection still to be made.
     *
     * @param id unique within the VM, over all its incarnations
     * @param port the guest's, 1 to 65535
     */
    public static ForwardTicket create(long id, int port) {
        return new ForwardTicket(id, port);
    }

    long id() {
        return id;
    }

    int port() {
        return port;
    }

    HostFrame.Forward frame() {
        return new HostFrame.Forward(id, token, port);
    }

    @Override
    public byte[] opening() {
        return Openings.forward(id, token);
    }

    @Override
    public CompletionStage<Void> connected() {
        return connected.minimalCompletionStage();
    }

    @Override
    public CompletionStage<VsockException> lost() {
        return lost.minimalCompletionStage();
    }

    @Override
    public void ended(boolean joined) {
        fail(new VsockException("the stream ended before port " + port + " of the guest was connected to"));
        ended.complete(joined);
    }

    /** Completes when the stream is over: with whether its data connection was ever opened. */
    CompletionStage<Boolean> ended() {
        return ended.minimalCompletionStage();
    }

    boolean isOver() {
        return ended.isDone();
    }

    void connect() {
        connected.complete(null);
    }

    void lose(VsockException reason) {
        lost.complete(reason);
    }

    /** Breaks the promise that is still open. */
    public void fail(Throwable failure) {
        connected.completeExceptionally(failure);
    }
}
