package vmette;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import vmette.Fork.Tried;
import vmette.errors.BranchesFailedException;

/**
 * What comes of an element whose branches are done or not. Pure.
 *
 * @param <O> what a branch gives
 * @param <R> what comes of all of them
 */
@FunctionalInterface
interface ForkMode<O, R> {
    /**
     * What comes of the branches.
     *
     * @param outcomes of each branch in the order of the alternatives; empty: not yet
     * @return empty: that cannot be told yet
     */
    Optional<Tried<R>> decide(List<Optional<Tried<O>>> outcomes);

    /** There is one branch, and it is as that is. */
    static <O> ForkMode<O, O> single() {
        return outcomes -> outcomes.get(0);
    }

    /** There is one branch, and whatever comes of it is all right. */
    static <O> ForkMode<O, Tried<O>> tried() {
        return outcomes -> outcomes.get(0).map(Tried::success);
    }

    /** The first that succeeds. */
    static <O> ForkMode<O, O> first() {
        return outcomes -> succeeded(outcomes).stream()
                .findFirst()
                .map(Tried::success)
                .or(() -> isDone(outcomes) ? Optional.of(allFailed(outcomes)) : Optional.empty());
    }

    /** The greatest of all that succeed; of equal ones the first. */
    static <O> ForkMode<O, O> best(Comparator<? super O> order) {
        return outcomes -> {
            if (!isDone(outcomes)) {
                return Optional.empty();
            }
            return succeeded(outcomes).stream()
                    .reduce((one, other) -> order.compare(other, one) > 0 ? other : one)
                    .map(Tried::success)
                    .or(() -> Optional.of(allFailed(outcomes)));
        };
    }

    private static boolean isDone(List<? extends Optional<?>> outcomes) {
        return outcomes.stream().allMatch(Optional::isPresent);
    }

    private static <O> List<O> succeeded(List<Optional<Tried<O>>> outcomes) {
        return outcomes.stream()
                .flatMap(Optional::stream)
                .flatMap(one -> one.value().stream())
                .toList();
    }

    private static <O> Tried<O> allFailed(List<Optional<Tried<O>>> outcomes) {
        return Tried.failure(new BranchesFailedException(outcomes.stream()
                .flatMap(Optional::stream)
                .flatMap(one -> one.failure().stream())
                .toList()));
    }
}
