package vmette.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import vmette.config.PoolSettings;

/** Threads that acquire, cancel, release and lose VMs at once: no VM is had by two, none is lost, and never are there too many. */
class PoolRaceTest {
    private static final int THREADS = 4;
    private static final int TURNS = 2000;
    private static final int MOST = 3;

    private final AtomicInteger alive = new AtomicInteger();
    private final AtomicInteger mostAlive = new AtomicInteger();
    private final AtomicInteger numbers = new AtomicInteger();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final ExecutorService helpers = Executors.newFixedThreadPool(2);
    private final Pool<FakeVms.Vm> pool = new Pool<>(
            "race",
            PoolSettings.of(2, MOST)
                    .withRefillPerSecond(0)
                    .withMaxAge(Duration.ZERO)
                    .withQueue(PoolSettings.LONGEST_QUEUE),
            new Counting(),
            new PoolTime() {
                @Override
                public Instant now() {
                    return Instant.EPOCH;
                }

                @Override
                public void execute(Runnable task) {
                    helpers.execute(task);
                }

                @Override
                public Runnable later(Duration delay, Runnable task) {
                    return () -> {};
                }
            },
            () -> 0);

    private final class Counting extends ForwardedVms {
        Counting() {
            super(new FakeVms());
        }

        @Override
        public CompletionStage<FakeVms.Vm> next() {
            mostAlive.accumulateAndGet(alive.incrementAndGet(), Math::max);
            return CompletableFuture.completedFuture(new FakeVms.Vm(numbers.incrementAndGet()));
        }

        @Override
        public void stop(FakeVms.Vm vm) {
            lose(vm);
        }
    }

    private void lose(FakeVms.Vm vm) {
        if (!vm.ended.isDone()) {
            helpers.execute(() -> {
                synchronized (vm) {
                    if (!vm.ended.isDone()) {
                        alive.decrementAndGet();
                        vm.ended.complete(null);
                    }
                }
            });
        }
    }

    private void client(Random random) {
        for (int turn = 0; turn < TURNS; turn++) {
            CompletableFuture<FakeVms.Vm> asked = pool.acquire(Optional.empty());
            if (random.nextInt(3) == 0) {
                asked.cancel(false);
            }
            CompletionStage<FakeVms.Vm> answer = asked;
            answer.whenComplete((vm, cancelled) -> {
                if (vm == null) {
                    return;
                }
                synchronized (vm) {
                    if (vm.stops++ > 0) {
                        wrong.add(vm + " was lent twice");
                    }
                }
                if (vm.number % 5 == 0) {
                    lose(vm);
                }
                pool.release(vm);
            });
        }
    }

    @Test
    void noVmIsLostOrHadByTwo() throws Exception {
        pool.open();
        ExecutorService clients = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Random random = new Random(i);
                done.add(clients.submit(() -> client(random)));
            }
            for (Future<?> one : done) {
                one.get(1, TimeUnit.MINUTES);
            }
            // Whoever still waits comes to his turn, since all give back what they have.
            assertThat(pool.acquire(Optional.empty()).thenAccept(pool::release)).succeedsWithin(1, TimeUnit.MINUTES);
            assertThat(pool.close().toCompletableFuture()).succeedsWithin(1, TimeUnit.MINUTES);
        } finally {
            clients.shutdownNow();
            helpers.shutdown();
        }
        assertThat(helpers.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
        assertThat(wrong).isEmpty();
        assertThat(alive).hasValue(0);
        assertThat(mostAlive.get()).isBetween(1, MOST);
        assertThat(numbers.get()).isGreaterThan(THREADS);
    }
}
