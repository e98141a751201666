package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** Those who wait for QMP's events. Thread-safe; futures complete outside the lock, on the connection's thread. */
final class EventWaits {
    private record Wait(String name, Predicate<JsonNode> which, CompletableFuture<JsonNode> seen) {}

    private final List<Wait> waits = new ArrayList<>();

    /** The next one of that name whose data is as wished. To be asked before what leads to it; one that is cancelled waits no more. */
    synchronized CompletableFuture<JsonNode> next(String name, Predicate<JsonNode> which) {
        Wait wait = new Wait(name, which, new CompletableFuture<>());
        waits.removeIf(other -> other.seen.isDone());
        waits.add(wait);
        return wait.seen;
    }

    void tell(String name, JsonNode data) {
        List<Wait> over = new ArrayList<>();
        synchronized (this) {
            waits.removeIf(wait -> wait.name.equals(name) && wait.which.test(data) && over.add(wait));
        }
        over.forEach(wait -> wait.seen.complete(data));
    }

    /** QEMU says nothing any more. */
    void fail(Throwable reason) {
        List<Wait> over;
        synchronized (this) {
            over = List.copyOf(waits);
            waits.clear();
        }
        over.forEach(wait -> wait.seen.completeExceptionally(reason));
    }
}
