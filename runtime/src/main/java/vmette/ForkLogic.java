package vmette;

import akka.japi.function.Function2;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStageLogic;
import akka.stream.stage.InHandler;
import akka.stream.stage.OutHandler;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import vmette.Fork.Tried;
import vmette.actors.VmEnd;
import vmette.actors.VmFailure;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;

/** Elements in their order, and the clones of all of them. What others do enters by async callbacks. */
final class ForkLogic<V, A, O, R> extends GraphStageLogic implements InHandler, OutHandler {
    private final Inlet<List<A>> in;
    private final Outlet<R> out;
    private final ForkVms<V> vms;
    private final int most;
    private final int alternatives;
    private final Function2<A, V, CompletionStage<O>> branch;
    private final ForkMode<O, R> mode;
    private final Clones<V> clones;
    private final AsyncCallback<Runnable> told = createAsyncCallback(Runnable::run);

    private final Deque<ForkRound<V, A, O, R>> rounds = new ArrayDeque<>();
    /** Clones that were asked for, or of which something is left. */
    private int held;
    /** All are being stopped. */
    private boolean ending;

    private Optional<Throwable> reason = Optional.empty();

    ForkLogic(
            FlowShape<List<A>, R> shape,
            ForkVms<V> vms,
            int most,
            int alternatives,
            Function2<A, V, CompletionStage<O>> branch,
            ForkMode<O, R> mode) {
        super(shape);
        this.in = shape.in();
        this.out = shape.out();
        this.vms = vms;
        this.most = most;
        this.alternatives = alternatives;
        this.branch = branch;
        this.mode = mode;
        this.clones = new Clones<>(vms);
        setHandlers(in, out, this);
    }

    // ---- the two ends

    @Override
    public void onPush() {
        List<A> element = grab(in);
        if (element.isEmpty() || element.size() > alternatives) {
            end(Optional.of(new InvalidConfigException("an element with " + element.size()
                    + " alternatives is refused: allowed is 1 to " + alternatives)));
            return;
        }
        ForkRound<V, A, O, R> round = new ForkRound<>(List.copyOf(element), mode);
        int count = round.alternatives.size();
        rounds.add(round);
        held += count;
        whenSettled(
                guarded(() -> vms.fork(count)).thenApply(given -> {
                    List<V> made = given.stream().filter(Objects::nonNull).toList();
                    // Here, by whoever made them: the stage may be gone.
                    clones.take(made);
                    return made;
                }),
                (made, failure) -> forked(round, made, failure));
        goOn();
    }

    @Override
    public void onUpstreamFinish() {
        goOn();
    }

    @Override
    public void onUpstreamFailure(Throwable failure) {
        end(Optional.of(failure));
    }

    @Override
    public void onPull() {
        goOn();
    }

    @Override
    public void onDownstreamFinish(Throwable cause) {
        if (!isClosed(in)) {
            cancel(in, cause);
        }
        end(Optional.empty());
    }

    @Override
    public void postStop() {
        clones.close();
    }

    // ---- clones and their branches

    private void forked(ForkRound<V, A, O, R> round, List<V> made, Throwable failure) {
        int asked = round.alternatives.size();
        if (failure != null) {
            held -= asked;
            round.fail(failure);
            decided(round);
            return;
        }
        held += made.size() - asked;
        for (int i = 0; i < made.size(); i++) {
            int number = i;
            V vm = made.get(i);
            whenSettled(vms.ended(vm), (end, never) -> ended(round, number, vm, end));
        }
        round.began(made);
        if (made.size() != asked) {
            round.fail(new IllegalStateException("the forker gave " + made.size() + " clones where " + asked
                    + " were asked for: each alternative needs one of its own"));
            decided(round);
        } else if (ending) {
            made.forEach(vms::stop);
            goOn();
        } else {
            for (int i = 0; i < asked; i++) {
                begin(round, i, made.get(i));
            }
        }
    }

    private void begin(ForkRound<V, A, O, R> round, int number, V vm) {
        CompletionStage<O> outcome = guarded(() -> branch.apply(round.alternatives.get(number), vm));
        whenSettled(outcome, (value, failure) -> {
            vms.stop(vm);
            round.settle(number, tried(value, failure));
            decided(round);
        });
    }

    private static <O> Tried<O> tried(O value, Throwable failure) {
        return failure == null && value != null
                ? Tried.success(value)
                : Tried.failure(failure == null ? new NullPointerException("the branch gave no value") : failure);
    }

    private void ended(ForkRound<V, A, O, R> round, int number, V vm, VmEnd end) {
        held--;
        if (number < round.alternatives.size()) {
            round.settle(
                    number,
                    Tried.failure(new VmLostException(
                            "the clone " + vms.name(vm) + " has ended ("
                                    + end.how().word() + ") before its branch was done",
                            end.failure().map(VmFailure::toException).orElse(null))));
        }
        decided(round);
    }

    private void decided(ForkRound<V, A, O, R> round) {
        round.result().ifPresent(result -> {
            round.clones().forEach(vms::stop);
            result.failure().ifPresent(failure -> end(Optional.of(failure)));
        });
        goOn();
    }

    // ---- the course

    private void goOn() {
        if (ending) {
            if (held == 0) {
                reason.ifPresentOrElse(this::failStage, this::completeStage);
            }
            return;
        }
        ForkRound<V, A, O, R> first = rounds.peek();
        if (first != null && first.result().isPresent() && isAvailable(out)) {
            rounds.remove();
            push(out, first.result().get().value().orElseThrow());
        }
        if (isClosed(in)) {
            if (rounds.isEmpty() && held == 0) {
                completeStage();
            }
        } else if (isAvailable(out)
                && !hasBeenPulled(in)
                && rounds.size() < most / alternatives
                && held + alternatives <= most) {
            pull(in);
        }
    }

    /**
     * Stops all clones; the stream is over when they have ended.
     *
     * @param failure what it then fails with
     */
    private void end(Optional<Throwable> failure) {
        if (!ending) {
            ending = true;
            reason = failure;
            setKeepGoing(true);
            clones.stopAll();
            if (!isClosed(in)) {
                cancel(in);
            }
        }
        goOn();
    }

    // ---- what others do

    private interface Asking<T> {
        CompletionStage<T> ask() throws Exception;
    }

    /** What throws, or gives nothing, has failed. */
    private static <T> CompletionStage<T> guarded(Asking<T> asking) {
        try {
            return Objects.requireNonNull(asking.ask(), "no stage was given");
        } catch (Exception | Error e) {
            return CompletableFuture.failedStage(e);
        }
    }

    /** Told in the stage. */
    private <T> void whenSettled(CompletionStage<T> stage, BiConsumer<T, Throwable> then) {
        stage.whenComplete((value, failure) -> told.invoke(() -> then.accept(value, Reasons.unwrapped(failure))));
    }
}
