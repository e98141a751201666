package vmette.actors;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmBusyException;

/** Requests of one kind that wait for a VM to be ready, in their order. Bounded. The supervisor's own; not for several threads. */
final class WaitingRequests<R extends VmRequest.Delayable> {
    private record Waiting<R>(R request, Optional<Instant> until) {}

    private final String vm;
    private final String plural;
    private final int most;
    private final InstantSource clock;
    private List<Waiting<R>> queue = Collections.emptyList();

    /**
     * @param plural what they are, for messages
     * @param most that may wait
     */
    WaitingRequests(String vm, String plural, int most, InstantSource clock) {
        this.vm = vm;
        this.plural = plural;
        this.most = most;
        this.clock = clock;
    }

    /**
     * Lets a request wait, or fails it.
     *
     * @return whether it waits
     */
    boolean add(R request) {
        // Those that nobody waits for any more.
        queue.removeIf(waiting -> isSettled(waiting.request()));
        if (queue.size() >= most) {
            request.fail(new VmBusyException("VM " + vm + " is not ready and " + most + " " + plural
                    + " wait for it already: wait until it is ready"));
            return false;
        }
        queue = OnDemand.list(queue);
        queue.add(new Waiting<>(request, request.patience().map(clock.instant()::plus)));
        return true;
    }

    /** Passes on what still has somebody waiting for it; the rest is never run. */
    void passOn(Consumer<R> to) {
        Instant now = clock.instant();
        while (!queue.isEmpty()) {
            Waiting<R> next = queue.remove(0);
            if (next.until().filter(until -> !now.isBefore(until)).isPresent()) {
                late(next.request());
            } else if (!isSettled(next.request())) {
                to.accept(next.request());
            }
        }
        queue = Collections.emptyList();
    }

    /** Fails a request whose time has come, if it is still there. */
    void expire(VmRequest.Delayable request) {
        queue.removeIf(waiting -> {
            boolean same = waiting.request().equals(request);
            if (same) {
                late(waiting.request());
            }
            return same;
        });
    }

    private void late(R request) {
        request.fail(new OperationTimeoutException("VM " + vm + " was not ready within "
                + request.patience().map(Duration::toMillis).orElse(0L) + " ms" + request.patienceSetting() + ": "
                + request.undone()));
    }

    private static boolean isSettled(VmRequest request) {
        return request.answer().toCompletableFuture().isDone();
    }

    /** Fails all. */
    void fail(Throwable reason) {
        queue.forEach(waiting -> waiting.request().fail(reason));
        queue = Collections.emptyList();
    }
}
