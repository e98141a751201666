package vmette;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.Fork.Tried;

/**
 * The branches of one element.
 *
 * @param <V> a clone
 * @param <A> an alternative
 * @param <O> what a branch gives
 * @param <R> what comes of the element
 */
final class ForkRound<V, A, O, R> {
    final List<A> alternatives;
    private final ForkMode<O, R> mode;
    private final List<Optional<Tried<O>>> outcomes = new ArrayList<>();
    private List<V> clones = List.of();
    private Optional<Tried<R>> result = Optional.empty();

    ForkRound(List<A> alternatives, ForkMode<O, R> mode) {
        this.alternatives = alternatives;
        this.mode = mode;
        alternatives.forEach(one -> outcomes.add(Optional.empty()));
    }

    void began(List<V> vms) {
        clones = vms;
    }

    /** None of its branches can be done. */
    void fail(Throwable reason) {
        result = result.or(() -> Optional.of(Tried.failure(reason)));
    }

    /** A branch is done. One that was before, or is not asked about any more, is not. */
    void settle(int branch, Tried<O> outcome) {
        if (result.isEmpty() && outcomes.get(branch).isEmpty()) {
            outcomes.set(branch, Optional.of(outcome));
            try {
                result = mode.decide(outcomes);
            } catch (RuntimeException e) {
                // The caller's comparator.
                fail(e);
            }
        }
    }

    Optional<Tried<R>> result() {
        return result;
    }

    List<V> clones() {
        return clones;
    }
}
