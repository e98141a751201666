package vmette.actors;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What was handed to an actor and is not settled yet. An actor that ends leaves its mailbox unread; whoever hears of its end
 * fails the rest here. Thread-safe.
 */
public final class Unanswered {
    private Set<Consumer<Throwable>> waiting = Collections.emptySet();

    /** One more. */
    public void add(VmRequest request) {
        Consumer<Throwable> promise = request::fail;
        synchronized (this) {
            waiting = OnDemand.set(waiting);
            waiting.add(promise);
        }
        request.answer().whenComplete((value, failure) -> settled(promise));
    }

    private synchronized void settled(Consumer<Throwable> promise) {
        waiting.remove(promise);
        if (waiting.isEmpty()) {
            waiting = Collections.emptySet();
        }
    }

    /** Breaks what promises are still open. */
    public void fail(Throwable reason) {
        List<Consumer<Throwable>> open;
        synchronized (this) {
            open = List.copyOf(waiting);
        }
        open.forEach(promise -> promise.accept(reason));
    }
}
