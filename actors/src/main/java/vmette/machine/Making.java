package vmette.machine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.errors.VmLostException;

/** A machine that is being made, or waits for its turn, and can be given up meanwhile. Settled when nothing is under way any more. Thread-safe. */
public final class Making extends CompletableFuture<Machine> {
    private final CompletableFuture<Void> unwanted = new CompletableFuture<>();

    /**
     * Has it made when its turn has come.
     *
     * @param turn as it ends, this fails if it does
     * @param begin makes it; given what completes when nobody wants it any more
     */
    public Making after(CompletionStage<?> turn, Function<CompletionStage<?>, CompletionStage<Machine>> begin) {
        turn.whenComplete((come, failure) -> {
            if (failure != null) {
                completeExceptionally(failure);
            } else if (unwanted.isDone()) {
                completeExceptionally(new VmLostException("its machine was given up before it was made"));
            } else {
                make(begin);
            }
        });
        return this;
    }

    private void make(Function<CompletionStage<?>, CompletionStage<Machine>> begin) {
        try {
            begin.apply(unwanted.minimalCompletionStage()).whenComplete((made, failure) -> {
                if (failure == null) {
                    complete(made);
                } else {
                    completeExceptionally(failure);
                }
            });
        } catch (RuntimeException | Error e) {
            completeExceptionally(e);
        }
    }

    /** Nobody wants it any more; if it can still be had it is to be closed. */
    public void giveUp() {
        unwanted.complete(null);
    }

    /** The same of a machine that may be one of these, or not. */
    public static void giveUp(CompletionStage<Machine> machine) {
        if (machine instanceof Making making) {
            making.giveUp();
        }
    }
}
