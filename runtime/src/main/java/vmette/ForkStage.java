package vmette;

import akka.japi.function.Function2;
import akka.stream.Attributes;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.GraphStage;
import akka.stream.stage.GraphStageLogic;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Branches in clones. The behaviour is told at {@link Fork}.
 *
 * @param <V> a clone
 * @param <A> an alternative of an element
 * @param <O> what a branch gives
 * @param <R> what comes of an element
 */
final class ForkStage<V, A, O, R> extends GraphStage<FlowShape<List<A>, R>> {
    private final Inlet<List<A>> in = Inlet.create("Fork.in");
    private final Outlet<R> out = Outlet.create("Fork.out");
    private final FlowShape<List<A>, R> shape = FlowShape.of(in, out);
    private final ForkVms<V> vms;
    private final int clones;
    private final int alternatives;
    private final Function2<A, V, CompletionStage<O>> branch;
    private final ForkMode<O, R> mode;

    /**
     * @param clones the most at a time
     * @param alternatives the most of an element, at most as many
     */
    ForkStage(
            ForkVms<V> vms,
            int clones,
            int alternatives,
            Function2<A, V, CompletionStage<O>> branch,
            ForkMode<O, R> mode) {
        this.vms = vms;
        this.clones = clones;
        this.alternatives = alternatives;
        this.branch = branch;
        this.mode = mode;
    }

    @Override
    public FlowShape<List<A>, R> shape() {
        return shape;
    }

    @Override
    public GraphStageLogic createLogic(Attributes inherited) {
        return new ForkLogic<>(shape, vms, clones, alternatives, branch, mode);
    }
}
