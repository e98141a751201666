package vmette;

import akka.stream.javadsl.Source;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.reactivestreams.Publisher;
import vmette.config.PoolSettings;
import vmette.pool.Pool;
import vmette.pool.PoolVms;
import vmette.stream.tck.PublisherTck;

/** The VMs of a pool, as a publisher; each is released when it is there, and is nothing but its own end. */
public class PooledVmsTckTest extends PublisherTck<CompletableFuture<Void>> {
    private static final class Ends implements PoolVms<CompletableFuture<Void>> {
        @Override
        public CompletionStage<CompletableFuture<Void>> next() {
            return CompletableFuture.completedStage(new CompletableFuture<>());
        }

        @Override
        public CompletionStage<?> ended(CompletableFuture<Void> vm) {
            return vm;
        }

        @Override
        public boolean hasEnded(CompletableFuture<Void> vm) {
            return vm.isDone();
        }

        @Override
        public void stop(CompletableFuture<Void> vm) {
            vm.complete(null);
        }

        @Override
        public long incarnation(CompletableFuture<Void> vm) {
            return 1;
        }

        @Override
        public String name(CompletableFuture<Void> vm) {
            return "vm";
        }
    }

    private Pool<CompletableFuture<Void>> pool() {
        return new Pool<>(
                "tck",
                PoolSettings.of(1, 4).withRefillPerSecond(0),
                new Ends(),
                new SystemPoolTime(system.actors(), SystemPoolTime.steady()),
                () -> 0);
    }

    @Override
    protected Source<CompletableFuture<Void>, ?> source(long elements) {
        Pool<CompletableFuture<Void>> pool = pool();
        return Source.fromGraph(new PooledVmsStage<>(pool)).take(elements).map(vm -> {
            pool.release(vm);
            return vm;
        });
    }

    @Override
    protected Source<CompletableFuture<Void>, ?> failing() {
        throw new AssertionError("these streams fail only when a VM is wanted");
    }

    @Override
    public Publisher<CompletableFuture<Void>> createFailedPublisher() {
        return null;
    }
}
