package vmette;

import akka.Done;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.admission.AdmissionGate;
import vmette.admission.VmAdmission;
import vmette.errors.VmetteException;
import vmette.machine.Machine;
import vmette.machine.Making;

/**
 * What a launch waits for. Thread-safe.
 *
 * @param admission its turn, once its ports are bound: of each incarnation
 * @param bound the client's ports are bound
 * @param machine the first incarnation's
 */
record Launching(AdmissionGate admission, CompletableFuture<Done> bound, Making machine) {
    private static final Making NO_MACHINE = new Making()
            .after(
                    CompletableFuture.failedStage(new IllegalStateException("it is gone")),
                    unwanted -> CompletableFuture.failedStage(new IllegalStateException("it is gone")));

    static Launching create(VmAdmission way) {
        return new Launching(new AdmissionGate(way), new CompletableFuture<>(), new Making());
    }

    /** The same when the machine is its supervisor's alone, who closes it whatever happens. */
    Launching withoutMachine() {
        return machine == NO_MACHINE ? this : new Launching(admission, bound, NO_MACHINE);
    }

    void boundWhen(CompletionStage<?> binding) {
        binding.whenComplete((done, failure) -> {
            if (failure == null) {
                bound.complete(Done.getInstance());
            } else {
                bound.completeExceptionally(failure);
            }
        });
    }

    /** Ends the wait; completes, never exceptionally, when no machine is left that there was, or was going to be. */
    CompletionStage<Done> abandon(VmetteException reason) {
        bound.completeExceptionally(reason);
        admission.end();
        machine.giveUp();
        return machine.thenCompose(Machine::close).handle((exit, failure) -> Done.getInstance());
    }
}
