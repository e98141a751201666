package vmette.actors;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import vmette.errors.VmBusyException;

/** Who waits for the incarnation that follows a restart. Bounded. The supervisor's own; not for several threads. */
final class OrderedRestarts {
    private record Waiting(long after, CompletableFuture<VmReady> reply) {}

    private final String vm;
    private final int most;
    private List<Waiting> waiting = Collections.emptyList();

    OrderedRestarts(String vm, int most) {
        this.vm = vm;
        this.most = most;
    }

    /** Whether the reply waits for an incarnation after this one; else it has failed. */
    boolean add(long after, CompletableFuture<VmReady> reply) {
        waiting.removeIf(other -> other.reply().isDone());
        if (waiting.size() >= most) {
            reply.completeExceptionally(new VmBusyException(
                    "VM " + vm + " was not told to restart: " + most + " callers wait for a restart of it already"));
            return false;
        }
        waiting = OnDemand.list(waiting);
        waiting.add(new Waiting(after, reply));
        return true;
    }

    void ready(long incarnation, VmReady ready) {
        List<Waiting> over =
                waiting.stream().filter(each -> each.after() < incarnation).toList();
        waiting.removeAll(over);
        over.forEach(each -> each.reply().complete(ready));
    }

    /** There is no other incarnation. */
    void end(Throwable reason) {
        waiting.forEach(each -> each.reply().completeExceptionally(reason));
        waiting.clear();
    }
}
