package docs;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.ExitStatus;
import vmette.VmHandle;
import vmette.VmPool;
import vmette.Vmette;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.VmSpec;

/** What docs/pools.md shows of pools, compiled; {@link ReadmeTest} compares the lines. */
final class PoolSnippets {
    private PoolSnippets() {}

    private static CompletionStage<String> ask(VmHandle vm) {
        return vm.exec("make test").status().thenApply(ExitStatus::toString);
    }

    static List<Object> all(Vmette vmette, VmSpec spec) {
        VmPool pool = vmette.pool(new PoolPlan("agents", spec, PoolSettings.of(4, 16)));

        CompletionStage<VmHandle> vm = pool.acquire();
        pool.release(vm.toCompletableFuture().join());

        CompletionStage<ExitStatus> status =
                pool.withVm(one -> one.exec("make test").status());

        Source<String, NotUsed> answers =
                pool.vms().mapAsync(4, one -> ask(one).whenComplete((answer, failure) -> pool.release(one)));
        return List.of(status, answers);
    }
}
