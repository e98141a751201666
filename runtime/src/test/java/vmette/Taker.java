package vmette;

import akka.NotUsed;
import akka.stream.Materializer;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/** The end of a stream whose demand a test makes, for streams in the test kit's time: Akka's own probes wait by the wall clock. */
final class Taker<T> implements Subscriber<T> {
    final List<T> taken = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Subscription> subscription = new CompletableFuture<>();
    private volatile Optional<Throwable> failure = Optional.empty();
    private volatile boolean complete;

    static <T> Taker<T> of(Source<T, ?> source, Materializer materializer) {
        Taker<T> taker = new Taker<>();
        Sink<T, NotUsed> sink = Sink.fromSubscriber(taker);
        source.runWith(sink, materializer);
        return taker;
    }

    private CompletionStage<Subscription> subscribed() {
        return subscription;
    }

    /** Once the stream runs. */
    void request(long count) {
        subscribed().thenAccept(one -> one.request(count));
    }

    void cancel() {
        subscribed().thenAccept(Subscription::cancel);
    }

    boolean isComplete() {
        return complete;
    }

    Optional<Throwable> failure() {
        return failure;
    }

    boolean isOver() {
        return complete || failure.isPresent();
    }

    @Override
    public void onSubscribe(Subscription given) {
        subscription.complete(given);
    }

    @Override
    public void onNext(T element) {
        taken.add(element);
    }

    @Override
    public void onError(Throwable reason) {
        failure = Optional.of(reason);
    }

    @Override
    public void onComplete() {
        complete = true;
    }
}
