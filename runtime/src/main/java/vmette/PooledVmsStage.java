package vmette;

import akka.stream.Attributes;
import akka.stream.Outlet;
import akka.stream.SourceShape;
import akka.stream.stage.AbstractOutHandler;
import akka.stream.stage.AsyncCallback;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.Reasons;
import vmette.pool.Pool;

/**
 * A VM of a pool for each demand.
 *
 * @param <V> a VM
 */
final class PooledVmsStage<V> extends GraphStage<SourceShape<V>> {
    private final Outlet<V> out = Outlet.create("VmPool.out");
    private final SourceShape<V> shape = SourceShape.of(out);
    private final Pool<V> pool;

    PooledVmsStage(Pool<V> pool) {
        this.pool = pool;
    }

    @Override
    public SourceShape<V> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new Logic();
    }

    private final class Logic extends GraphStageLogic {
        private final AsyncCallback<Runnable> settled = createAsyncCallback(Runnable::run);
        /** What downstream has not been given yet. */
        private Optional<CompletableFuture<V>> asked = Optional.empty();

        Logic() {
            super(shape);
            setHandler(out, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    CompletableFuture<V> one = pool.acquire(Optional.empty());
                    asked = Optional.of(one);
                    if (one.isDone() && !one.isCompletedExceptionally()) {
                        give(one.join());
                    } else {
                        CompletionStage<V> answer = one;
                        answer.whenComplete((vm, failure) -> settled.invoke(
                                failure == null ? () -> give(vm) : () -> failStage(Reasons.unwrapped(failure))));
                    }
                }
            });
        }

        private void give(V vm) {
            asked = Optional.empty();
            push(out, vm);
        }

        @Override
        public void postStop() {
            asked.filter(one -> !one.cancel(false) && !one.isCompletedExceptionally())
                    .ifPresent(one -> pool.giveBack(one.join()));
        }
    }
}
