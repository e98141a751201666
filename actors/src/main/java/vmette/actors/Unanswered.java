package vmette.actors;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * What was handed to an actor and is not settled yet. An actor that ends leaves its mailbox unread; whoever hears of its end
 * fails the rest here. Thread-safe.
 */
public final class Unanswered {
    private final Set<Consumer<Throwable>> waiting = ConcurrentHashMap.newKeySet();

    /** One more. */
    public void add(VmRequest request) {
        Consumer<Throwable> promise = request::fail;
        waiting.add(promise);
        request.answer().whenComplete((value, failure) -> waiting.remove(promise));
    }

    /** Breaks what promises are still open. */
    public void fail(Throwable reason) {
        List.copyOf(waiting).forEach(promise -> promise.accept(reason));
    }
}
