package vmette.actors;

import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.Token;
import vmette.stream.Replay;

/** One attachment to an output of a detached command: asked for, granted, over. Thread-safe. */
public final class Attachment {
    private final long execution;
    private final StreamId stream;
    private final long from;
    private final Token token = Token.random();
    private final CompletableFuture<Replay.Granted> granted = new CompletableFuture<>();
    private final CompletableFuture<Long> end = new CompletableFuture<>();

    Attachment(long execution, StreamId stream, long from) {
        this.execution = execution;
        this.stream = stream;
        this.from = from;
    }

    /** Completes when the agent grants it; fails with a {@code VmetteException}. */
    public CompletionStage<Replay.Granted> granted() {
        return granted.minimalCompletionStage();
    }

    StreamId stream() {
        return stream;
    }

    long from() {
        return from;
    }

    Token token() {
        return token;
    }

    /** The agent's word on it; what does not fit to what was said before is ignored. */
    void said(AgentFrame.Attached news, String what) {
        switch (news.state()) {
            case ATTACHED ->
                granted.complete(new Replay.Granted(
                        ByteString.fromArrayUnsafe(Openings.data(execution, stream, token)),
                        from,
                        news.offset(),
                        news.ringBytes(),
                        end));
            case ENDED -> {
                // Of one that was never granted there is no end: whoever waits for the grant would wait for ever.
                granted.completeExceptionally(
                        new VsockException("the agent broke the guest protocol: it told the end of " + what
                                + " before an attachment to it was granted"));
                end.complete(news.offset());
            }
            case REFUSED, TAKEN_OVER, RELEASED, BROKEN -> fail(AttachmentFailures.of(news, from, what));
        }
    }

    void fail(Throwable failure) {
        granted.completeExceptionally(failure);
        end.completeExceptionally(failure);
    }
}
