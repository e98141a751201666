package vmette.control;

import akka.actor.ClassicActorSystemProvider;
import akka.japi.Pair;
import akka.stream.KillSwitches;
import akka.stream.UniqueKillSwitch;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What goes on, sent to a client at its own pace by the session's thread: nobody else waits for it. */
final class Following {
    private static final int CHUNK = 1 << 16;

    private final ControlConnection connection;

    Following(ControlConnection connection) {
        this.connection = connection;
    }

    /** Sends bytes to their end; a client that leaves ends them. */
    void bytes(Source<ByteString, ?> source, ClassicActorSystemProvider system) throws IOException {
        Pair<UniqueKillSwitch, SinkQueueWithCancel<ByteString>> running = source.viaMat(
                        KillSwitches.single(), Keep.right())
                .toMat(Sink.queue(1), Keep.both())
                .run(system);
        Leaving.watch(connection, left -> running.first().shutdown());
        try {
            for (Optional<ByteString> next = pull(running.second()); next.isPresent(); next = pull(running.second())) {
                send(next.get());
            }
        } finally {
            running.first().shutdown();
        }
    }

    private static Optional<ByteString> pull(SinkQueueWithCancel<ByteString> queue) {
        return queue.pull().toCompletableFuture().join();
    }

    private void send(ByteString bytes) throws IOException {
        for (ByteString left = bytes; left.nonEmpty(); left = left.drop(CHUNK)) {
            connection.write(new ControlFrame.Data(left.take(CHUNK).toArray()));
        }
    }

    /** Sends the events that are kept, and goes on as long as the client stays if it wants to. */
    void events(EventTail events, Optional<String> vm, long from, boolean follow) throws IOException {
        CompletableFuture<Void> left = new CompletableFuture<>();
        Leaving.watch(connection, gone -> left.complete(null));
        long at = send(events, vm, from);
        while (follow && !left.isDone() && !events.isOver(at)) {
            either(events.after(at), left);
            at = send(events, vm, at);
        }
    }

    /**
     * Sends what happens until something is done.
     *
     * @throws IOException if the client leaves before that, which ends nothing
     */
    void until(CompletionStage<?> done, EventTail events, long from) throws IOException {
        CompletableFuture<?> end = done.toCompletableFuture();
        // Once: each stage that waits for it stays with it until then.
        CompletableFuture<?> settled = settledOrLeft(end);
        long at = from;
        boolean over;
        do {
            over = settled.isDone();
            at = send(events, Optional.empty(), at);
            if (!over) {
                either(events.isOver(at) ? settled : events.after(at), settled);
            }
        } while (!over);
        whatCame(end);
    }

    /**
     * What comes of an order.
     *
     * @throws IOException if the client leaves before that, which ends nothing
     */
    <T> T await(CompletionStage<T> order) throws IOException {
        CompletableFuture<T> end = order.toCompletableFuture();
        settledOrLeft(end).join();
        return whatCame(end);
    }

    private CompletableFuture<?> settledOrLeft(CompletableFuture<?> end) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        end.minimalCompletionStage().whenComplete((result, failure) -> over.complete(null));
        Leaving.watch(connection, gone -> over.complete(null));
        return over;
    }

    private static <T> T whatCame(CompletableFuture<T> end) throws IOException {
        if (!end.isDone()) {
            throw new IOException("the client has left");
        }
        return end.join();
    }

    private static void either(CompletionStage<?> one, CompletableFuture<?> other) {
        CompletableFuture.anyOf(one.toCompletableFuture(), other).join();
    }

    private long send(EventTail events, Optional<String> vm, long from) throws IOException {
        EventTail.Page page = events.read(from, vm);
        if (page.missed() > 0) {
            connection.write(new ControlFrame.Answer(
                    Facts.of("event", "missed", "count", page.missed()).words()));
        }
        for (Facts event : page.events()) {
            connection.write(new ControlFrame.Answer(event.words()));
        }
        return page.next();
    }
}
