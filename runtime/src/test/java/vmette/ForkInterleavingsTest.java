package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.BoundedSourceQueue;
import akka.stream.Materializer;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Source;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.StreamTestKit;
import akka.stream.testkit.javadsl.TestSink;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vmette.Fork.Tried;
import vmette.actors.VmEnd;

/**
 * Whatever the order of elements, demand, forks, results, deaths and ends: never more clones than there may be, none twice, results in order, and nothing is left of any
 * clone when the stream is over.
 */
class ForkInterleavingsTest extends FlowFixture {
    private static final int SEEDS = Boolean.getBoolean("vmette.full") ? 4000 : 400;
    private static final int STEPS = 40;
    private static final int BUFFER = 64;

    @Test
    void noInterleavingLeavesACloneOrHangs() {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            int most = 1 + random.nextInt(4);
            boolean single = random.nextBoolean();
            try {
                if (single) {
                    new Course<>(random, most, 1, ForkMode.<Integer>tried()).run();
                } else {
                    ForkMode<Integer, Integer> mode =
                            random.nextBoolean() ? ForkMode.first() : ForkMode.best(Comparator.naturalOrder());
                    new Course<>(random, most, most, mode).run();
                }
            } catch (AssertionError | InterruptedException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static final class FakeClone {
        final CompletableFuture<VmEnd> ended = new CompletableFuture<>();
        final AtomicInteger stops = new AtomicInteger();
    }

    private record Asked(int n, CompletableFuture<List<FakeClone>> reply) {}

    private record Running(int element, CompletableFuture<Integer> reply) {}

    private final class Course<R> implements ForkVms<FakeClone> {
        private final Random random;
        private final int most;
        private final int alternatives;
        private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
        private final ConcurrentLinkedQueue<Running> running = new ConcurrentLinkedQueue<>();
        private final List<FakeClone> clones = new CopyOnWriteArrayList<>();
        private final AtomicInteger held = new AtomicInteger();
        private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        private final Materializer own = Materializer.createMaterializer(system);
        private final BoundedSourceQueue<List<Integer>> in;
        private final TestSubscriber.Probe<R> out;
        private int sent;
        private boolean automatic;

        Course(Random random, int most, int alternatives, ForkMode<Integer, R> mode) {
            this.random = random;
            this.most = most;
            this.alternatives = alternatives;
            var made = Source.<List<Integer>>queue(BUFFER)
                    .via(new ForkStage<>(this, most, alternatives, this::branch, mode))
                    .toMat(TestSink.create(system), Keep.both())
                    .run(own);
            in = made.first();
            out = made.second();
            out.ensureSubscription();
        }

        @Override
        public CompletionStage<List<FakeClone>> fork(int n) {
            if (held.addAndGet(n) > most) {
                wrong.add("more clones than " + most);
            }
            Asked one = new Asked(n, new CompletableFuture<>());
            synchronized (this) {
                if (automatic) {
                    come(one);
                } else {
                    asked.add(one);
                }
            }
            return one.reply();
        }

        private CompletionStage<Integer> branch(int element, FakeClone clone) {
            Running one = new Running(element, new CompletableFuture<>());
            running.add(one);
            synchronized (this) {
                if (automatic) {
                    one.reply().complete(element);
                }
            }
            return one.reply();
        }

        @Override
        public CompletionStage<VmEnd> ended(FakeClone vm) {
            return vm.ended;
        }

        @Override
        public void stop(FakeClone vm) {
            vm.stops.incrementAndGet();
            synchronized (this) {
                if (automatic) {
                    die(vm);
                }
            }
        }

        @Override
        public String name(FakeClone vm) {
            return "clone";
        }

        private synchronized void die(FakeClone vm) {
            if (!vm.ended.isDone()) {
                held.decrementAndGet();
                vm.ended.complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
            }
        }

        private void come(Asked one) {
            List<FakeClone> more =
                    IntStream.range(0, one.n()).mapToObj(i -> new FakeClone()).toList();
            clones.addAll(more);
            one.reply().complete(more);
        }

        void run() throws InterruptedException {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(8)) {
                    case 0, 1 -> send();
                    case 2, 3 -> out.request(1);
                    case 4 -> {
                        // Perhaps it is about to be asked for.
                        Asked one = asked.poll(1, TimeUnit.MILLISECONDS);
                        if (one != null) {
                            reply(one);
                        }
                    }
                    case 5 ->
                        any(running.stream()
                                        .filter(one -> !one.reply().isDone())
                                        .toList())
                                .ifPresent(this::settle);
                    case 6 ->
                        any(clones.stream().filter(vm -> vm.stops.get() > 0).toList())
                                .ifPresent(this::die);
                    default -> {
                        if (random.nextInt(6) == 0) {
                            any(clones).ifPresent(this::die);
                        }
                    }
                }
            }
            end();
            assertThat(wrong).isEmpty();
        }

        private void send() {
            if (sent < BUFFER) {
                int count = alternatives == 1 ? 1 : 1 + random.nextInt(alternatives);
                in.offer(IntStream.range(0, count).mapToObj(i -> sent).toList());
                sent++;
            }
        }

        private void reply(Asked one) {
            if (random.nextInt(8) == 0) {
                held.addAndGet(-one.n());
                one.reply().completeExceptionally(new IllegalStateException("no fork"));
            } else {
                come(one);
            }
        }

        private void settle(Running one) {
            if (random.nextInt(4) == 0) {
                one.reply().completeExceptionally(new IllegalStateException("no"));
            } else {
                one.reply().complete(one.element());
            }
        }

        private <T> Optional<T> any(List<T> of) {
            return of.isEmpty() ? Optional.empty() : Optional.of(of.get(random.nextInt(of.size())));
        }

        /** One of the ends; from then on all others do what they ought to. */
        private void end() {
            int how = random.nextInt(4);
            switch (how) {
                case 0 -> unlessOver(in::complete);
                case 1 -> unlessOver(() -> in.fail(new IllegalStateException("upstream")));
                case 2 -> out.cancel();
                default -> own.shutdown();
            }
            goOn();
            if (how == 2) {
                StreamTestKit.assertAllStagesStopped(own);
            } else {
                out.request(BUFFER);
                inOrder(results());
            }
            if (how != 3) {
                assertThat(clones).as("when the stream is over").allMatch(vm -> vm.ended.isDone());
                own.shutdown();
            }
            // Nobody waited for them where the materializer was shut down.
            clones.forEach(vm -> assertThat(vm.ended).succeedsWithin(30, TimeUnit.SECONDS));
        }

        /** A fork may have failed the stream a moment ago. */
        private static void unlessOver(Runnable ending) {
            try {
                ending.run();
            } catch (IllegalStateException over) {
                // As it says.
            }
        }

        private synchronized void goOn() {
            automatic = true;
            for (Asked one = asked.poll(); one != null; one = asked.poll()) {
                come(one);
            }
            running.forEach(one -> one.reply().complete(one.element()));
            clones.stream().filter(vm -> vm.stops.get() > 0).forEach(this::die);
        }

        /** What comes until the end, which comes. */
        private List<Object> results() {
            List<Object> results = new ArrayList<>();
            while (out.expectEvent() instanceof TestSubscriber.OnNext<?> next) {
                results.add(next.element());
            }
            return results;
        }

        private void inOrder(List<Object> results) {
            List<Integer> numbers = new ArrayList<>();
            for (Object result : results) {
                if (result instanceof Tried<?> one) {
                    one.value().ifPresent(value -> numbers.add((Integer) value));
                } else {
                    numbers.add((Integer) result);
                }
            }
            assertThat(numbers).isSorted().doesNotHaveDuplicates();
        }
    }
}
