package vmette.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.errors.VmLostException;

/** Who gets through a gate, and when; what is behind it is played. */
class AdmissionGateTest {
    private final List<String> told = new ArrayList<>();
    private final CompletableFuture<Void> entered = new CompletableFuture<>();
    private final CompletableFuture<Void> before = new CompletableFuture<>();
    private final AdmissionGate gate = new AdmissionGate(new VmAdmission() {
        @Override
        public CompletionStage<Void> enter() {
            told.add("enter");
            cancelMeanwhile.run();
            return entered;
        }

        @Override
        public void settled() {
            told.add("settled");
        }

        @Override
        public void cancel() {
            told.add("cancel");
        }

        @Override
        public void vacate() {
            told.add("vacate");
        }

        @Override
        public void end() {
            told.add("end");
        }
    });
    private Runnable cancelMeanwhile = () -> {};

    @Test
    void nobodyEntersBeforeItIsOpen() {
        gate.opensWith(before);
        CompletionStage<Void> asked = gate.enter();
        assertThat(told).isEmpty();
        before.complete(null);
        assertThat(told).containsExactly("enter");
        assertThat(asked.toCompletableFuture()).isNotDone();
        entered.complete(null);
        assertThat(asked).isCompleted();
        gate.settled();
        assertThat(gate.enter()).isCompleted();
        assertThat(told).containsExactly("enter", "settled", "enter");
    }

    /** Another incarnation too, though the first did not get as far. */
    @Test
    void ifItDoesNotOpenNobodyEntersEver() {
        gate.opensWith(before.thenApply(done -> "done"));
        CompletionStage<Void> first = gate.enter();
        gate.cancel();
        before.completeExceptionally(new IllegalArgumentException("a port is taken"));
        assertThat(first).isCompletedExceptionally();
        assertThatThrownBy(() -> gate.enter().toCompletableFuture().join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(IllegalArgumentException.class)
                .hasRootCauseMessage("a port is taken");
        assertThat(told).isEmpty();
    }

    @Test
    void whoIsCancelledBeforeItNeverEntersAndOthersDo() {
        gate.opensWith(before);
        CompletionStage<Void> first = gate.enter();
        gate.cancel();
        assertThatThrownBy(() -> first.toCompletableFuture().join()).hasCauseInstanceOf(VmLostException.class);
        CompletionStage<Void> second = gate.enter();
        before.complete(null);
        entered.complete(null);
        assertThat(second).isCompleted();
        assertThat(told).containsExactly("enter");
    }

    @Test
    void whoIsThroughIsCancelledBehindIt() {
        gate.opensWith(CompletableFuture.completedStage(null));
        gate.enter();
        gate.cancel();
        assertThat(told).containsExactly("enter", "cancel");
    }

    /** The way may have taken the first word for one of before. */
    @Test
    void soIsWhoIsOnTheWayThrough() {
        gate.opensWith(CompletableFuture.completedStage(null));
        cancelMeanwhile = gate::cancel;
        gate.enter();
        assertThat(told).containsExactly("enter", "cancel", "cancel");
    }

    @Test
    void theEndRefusesWhoeverWaits() {
        gate.opensWith(before);
        CompletionStage<Void> asked = gate.enter();
        gate.end();
        assertThat(asked).isCompletedExceptionally();
        before.complete(null);
        assertThat(told).containsExactly("end");
    }
}
