package vmette;

import akka.Done;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.admission.VmAdmission;
import vmette.errors.VmetteException;
import vmette.machine.Machine;

/**
 * What a launch waits for. Thread-safe.
 *
 * @param admission its turn
 * @param bound the client's ports are bound
 * @param machine the first incarnation's
 */
record Launching(VmAdmission admission, CompletableFuture<Done> bound, CompletableFuture<Machine> machine) {
    private static final CompletableFuture<Machine> NO_MACHINE =
            CompletableFuture.failedFuture(new IllegalStateException("it is gone"));

    static Launching create(VmAdmission admission) {
        return new Launching(admission, new CompletableFuture<>(), new CompletableFuture<>());
    }

    /** The same when the machine is its supervisor's alone, who closes it whatever happens. */
    Launching withoutMachine() {
        return machine == NO_MACHINE ? this : new Launching(admission, bound, NO_MACHINE);
    }

    void boundWhen(CompletionStage<?> binding) {
        settle(bound, binding.thenApply(done -> Done.getInstance()));
    }

    CompletionStage<Machine> machineIs(CompletionStage<Machine> making) {
        settle(machine, making);
        return machine;
    }

    private static <T> void settle(CompletableFuture<T> promise, CompletionStage<T> with) {
        with.whenComplete((value, failure) -> {
            if (failure == null) {
                promise.complete(value);
            } else {
                promise.completeExceptionally(failure);
            }
        });
    }

    /** Ends the wait; completes, never exceptionally, when no machine is left that there was, or was going to be. */
    CompletionStage<Done> abandon(VmetteException reason) {
        bound.completeExceptionally(reason);
        admission.end();
        return machine.thenCompose(Machine::close).handle((exit, failure) -> Done.getInstance());
    }
}
