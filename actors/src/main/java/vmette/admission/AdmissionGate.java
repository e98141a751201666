package vmette.admission;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;

/** A VM's way in behind what has to be done before any incarnation of it may boot. Thread-safe; nothing blocks. */
public final class AdmissionGate implements VmAdmission {
    private final VmAdmission way;
    private final CompletableFuture<Void> open = new CompletableFuture<>();
    private CompletableFuture<Void> waiting;
    // Counts, so that whoever is on the way from here to there is not overlooked.
    private long cancelled;

    /** @param way that leads on */
    public AdmissionGate(VmAdmission way) {
        this.way = way;
    }

    /** Opens it when this completes; if it fails, so does everybody who wants in. */
    public void opensWith(CompletionStage<?> done) {
        done.whenComplete((value, failure) -> settle(open, Reasons.unwrapped(failure)));
    }

    private static void settle(CompletableFuture<Void> promise, Throwable failure) {
        if (failure == null) {
            promise.complete(null);
        } else {
            promise.completeExceptionally(failure);
        }
    }

    @Override
    public CompletionStage<Void> enter() {
        CompletableFuture<Void> asked = new CompletableFuture<>();
        synchronized (this) {
            waiting = asked;
        }
        open.minimalCompletionStage().whenComplete((opened, failure) -> {
            if (failure == null) {
                pass(asked);
            } else {
                asked.completeExceptionally(failure);
            }
        });
        return asked.minimalCompletionStage();
    }

    private void pass(CompletableFuture<Void> asked) {
        long before;
        synchronized (this) {
            if (waiting != asked) {
                return;
            }
            waiting = null;
            before = cancelled;
        }
        way.enter().whenComplete((entered, failure) -> settle(asked, failure));
        if (isCancelledSince(before)) {
            way.cancel();
        }
    }

    private synchronized boolean isCancelledSince(long before) {
        return cancelled != before;
    }

    @Override
    public void settled() {
        way.settled();
    }

    @Override
    public void cancel() {
        if (!refuseWaiting()) {
            way.cancel();
        }
    }

    private boolean refuseWaiting() {
        CompletableFuture<Void> refused;
        synchronized (this) {
            cancelled++;
            refused = waiting;
            waiting = null;
        }
        return refused != null
                && refused.completeExceptionally(
                        new VmLostException("the VM was stopped before what precedes its boot was done"));
    }

    @Override
    public void vacate() {
        way.vacate();
    }

    @Override
    public void end() {
        refuseWaiting();
        way.end();
    }
}
