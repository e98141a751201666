package vmette;

import akka.NotUsed;
import akka.japi.function.Function2;
import akka.stream.javadsl.Flow;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.errors.InvalidConfigException;

/**
 * Stages that do something for each element in clones of a VM: in one of its own ({@link #flow}), or in several at once of which one counts ({@link #firstWins}, {@link #bestOf}).
 *
 * <p><b>Clones.</b> Each belongs to the stage, which stops it when its branch is done, has lost or cannot be done any more; a branch must keep nothing of it. No clone is made without
 * demand from downstream, and there are never more than was said, those that are being stopped included. A clone that ends before its branch is done is a failure of that branch, a
 * {@link vmette.errors.VmLostException}.
 *
 * <p><b>Ends.</b> However a stream ends, no clone outlives it: completion and failure are told when nothing is left of any. When downstream cancels, upstream fails or a branch's
 * failure is the stream's, all are stopped at once; when the materializer is shut down too, but nobody is left to wait for them.
 *
 * <p>A branch is a function of its element and its clone, called by the stream's thread: it must not block. One that throws, or gives null, has failed.
 */
public final class Fork {
    /** More clones than one host could run. */
    public static final int MOST = 10_000;

    /**
     * What came of a branch.
     *
     * @param value what it gave, if it succeeded
     * @param failure why it did not, else
     */
    public record Tried<O>(Optional<O> value, Optional<Throwable> failure) {
        /** Checks that it is one of the two. */
        public Tried {
            if (value.isPresent() == failure.isPresent()) {
                throw new IllegalArgumentException("a branch has either a value or a failure");
            }
        }

        /** One that succeeded. */
        public static <O> Tried<O> success(O value) {
            return new Tried<>(Optional.of(value), Optional.empty());
        }

        /** One that failed. */
        public static <O> Tried<O> failure(Throwable reason) {
            return new Tried<>(Optional.empty(), Optional.of(reason));
        }

        /** Whether it gave a value. */
        public boolean isSuccess() {
            return value.isPresent();
        }
    }

    private Fork() {}

    /**
     * A clone for each element; results in the order of the elements. The first branch that fails fails the stream.
     *
     * @param forker such as {@code vm::fork}
     * @param parallelism the most clones at a time, 1 to {@value #MOST}
     * @param branch what is done
     */
    public static <A, O> Flow<A, O, NotUsed> flow(
            Forker forker, int parallelism, Function2<A, VmHandle, CompletionStage<O>> branch) {
        return Flow.<A>create().map(List::of).via(stage(forker, parallelism, 1, branch, ForkMode.single()));
    }

    /** As {@link #flow}, but a branch that fails is a result as any other. */
    public static <A, O> Flow<A, Tried<O>, NotUsed> flowTried(
            Forker forker, int parallelism, Function2<A, VmHandle, CompletionStage<O>> branch) {
        return Flow.<A>create().map(List::of).via(stage(forker, parallelism, 1, branch, ForkMode.tried()));
    }

    /**
     * A clone for each alternative of an element, all of one instant; the first that succeeds is the result, and the others are stopped then. If all fail, the stream fails with a
     * {@link vmette.errors.BranchesFailedException}. One element at a time: the next begins when nothing is left of the former one's clones.
     *
     * @param forker such as {@code vm::fork}
     * @param most alternatives of an element, 1 to {@value #MOST}; one with none, or with more, fails the stream
     * @param branch what is done for an alternative
     */
    public static <A, O> Flow<List<A>, O, NotUsed> firstWins(
            Forker forker, int most, Function2<A, VmHandle, CompletionStage<O>> branch) {
        return Flow.fromGraph(stage(forker, most, most, branch, ForkMode.first()));
    }

    /**
     * As {@link #firstWins}, but all alternatives are tried to their ends, and the greatest result of those that succeed counts; of equal ones that of the first alternative. A clone
     * is stopped when its own branch is done.
     *
     * @param order of results, such as {@code Comparator.comparingDouble(Result::score)}
     */
    public static <A, O> Flow<List<A>, O, NotUsed> bestOf(
            Forker forker, int most, Function2<A, VmHandle, CompletionStage<O>> branch, Comparator<? super O> order) {
        Objects.requireNonNull(order, "order");
        return Flow.fromGraph(stage(forker, most, most, branch, ForkMode.best(order)));
    }

    private static <A, O, R> ForkStage<VmHandle, A, O, R> stage(
            Forker forker,
            int clones,
            int alternatives,
            Function2<A, VmHandle, CompletionStage<O>> branch,
            ForkMode<O, R> mode) {
        Objects.requireNonNull(forker, "forker");
        Objects.requireNonNull(branch, "branch");
        if (clones < 1 || clones > MOST) {
            throw new InvalidConfigException(
                    "a fork with " + clones + " clones at a time is refused: allowed is 1 to " + MOST);
        }
        return new ForkStage<>(ForkVms.of(forker), clones, alternatives, branch, mode);
    }
}
