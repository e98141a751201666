package vmette.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import vmette.config.PoolSettings;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;

/** Whatever happens in whatever order: the bounds hold, the order of those who wait too, nothing is lost, and in the end nothing is left. */
// Of two callers that wait each promise is itself and no other.
@SuppressWarnings("CollectionUndefinedEquality")
class PoolPropertiesTest {
    private static final int STEPS = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final class Course {
        private final ManualPoolTime time = new ManualPoolTime();
        private final FakeVms vms = new FakeVms();
        private final Random random;
        private final PoolSettings settings;
        private final Pool<FakeVms.Vm> pool;
        private final List<CompletableFuture<FakeVms.Vm>> waiting = new ArrayList<>();
        private final List<FakeVms.Vm> lent = new ArrayList<>();
        private final Set<FakeVms.Vm> everLent = new HashSet<>();
        private final List<Instant> begun = new ArrayList<>();
        private final List<String> wrong = new ArrayList<>();

        Course(PoolSettings settings, long seed) {
            this.settings = settings;
            this.random = new Random(seed);
            this.vms.prompt = false;
            this.vms.onNext = () -> begun.add(time.now());
            this.pool = new Pool<>("any", settings, vms, time, random::nextDouble);
        }

        void run() {
            pool.open();
            for (int i = 0; i < STEPS; i++) {
                step();
                settle();
                check();
            }
            end();
        }

        private void step() {
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> acquire();
                case 3 -> any(waiting).ifPresent(asked -> asked.cancel(false));
                case 4 -> any(lent).ifPresent(pool::release);
                case 5 -> any(lent).ifPresent(vm -> vm.ended.complete(null));
                case 6 -> any(vms.alive()).ifPresent(vm -> vm.ended.complete(null));
                case 7 -> any(vms.alive()).filter(vm -> vm.stops > 0).ifPresent(vm -> vm.ended.complete(null));
                case 8 -> {
                    if (!vms.asked.isEmpty()) {
                        if (random.nextInt(4) == 0) {
                            vms.fail("no");
                        } else {
                            vms.come();
                        }
                    }
                }
                default -> time.advance(Duration.ofMillis(random.nextInt(3000)));
            }
        }

        private void acquire() {
            CompletableFuture<FakeVms.Vm> asked = pool.acquire(Optional.of(PATIENCE));
            waiting.add(asked);
            int before = waiting.size();
            CompletionStage<FakeVms.Vm> answer = asked;
            answer.whenComplete((vm, failure) -> {
                if (vm != null) {
                    expect(waiting.indexOf(asked) == 0, "who came first is first");
                    expect(everLent.add(vm), "nobody had it before");
                    lent.add(vm);
                } else if (failure instanceof VmBusyException) {
                    expect(before > settings.queue(), "refused without need");
                } else {
                    expect(
                            asked.isCancelled()
                                    || failure instanceof OperationTimeoutException
                                    || failure instanceof VmLostException,
                            "failed with " + failure);
                }
                waiting.remove(asked);
            });
        }

        /** What a follower throws is told to nobody. */
        private void expect(boolean holds, String what) {
            if (!holds) {
                wrong.add(what);
            }
        }

        private <T> Optional<T> any(List<T> of) {
            return of.isEmpty() ? Optional.empty() : Optional.of(of.get(random.nextInt(of.size())));
        }

        private void settle() {
            time.settle();
            lent.removeIf(vm -> vm.stops > 0 || vm.ended.isDone());
        }

        private void check() {
            assertThat(wrong).isEmpty();
            PoolStatus status = pool.status();
            List<FakeVms.Vm> alive = vms.alive();
            assertThat(status.coming()).isEqualTo(vms.asked.size());
            assertThat(status.lent()).isEqualTo(lent.size());
            assertThat(status.waiting()).isEqualTo(waiting.size()).isLessThanOrEqualTo(settings.queue());
            assertThat(status.ending())
                    .isEqualTo((int) alive.stream().filter(vm -> vm.stops > 0).count());
            assertThat(status.ready() + status.lent() + status.ending()).isEqualTo(alive.size());
            assertThat(alive.size() + status.coming()).isLessThanOrEqualTo(settings.max());
            assertThat(status.ready() == 0 || status.waiting() == 0).isTrue();
            assertThat(vms.made).allMatch(vm -> vm.stops <= 1);
            if (settings.refillPerSecond() > 0) {
                Instant second = time.now().minusSeconds(1);
                assertThat(begun.stream().filter(when -> when.isAfter(second)).count())
                        .as("begun within a second")
                        .isLessThanOrEqualTo((long) Math.ceil(settings.refillPerSecond()) + 1);
            }
        }

        private void end() {
            CompletableFuture<Void> over = pool.close().toCompletableFuture();
            assertThat(waiting).isEmpty();
            assertThat(wrong).isEmpty();
            while (!vms.asked.isEmpty()) {
                vms.come();
            }
            List.copyOf(lent).forEach(pool::release);
            assertThat(vms.alive()).allMatch(vm -> vm.stops == 1);
            assertThat(over.isDone()).isEqualTo(vms.alive().isEmpty());
            vms.alive().forEach(vm -> vm.ended.complete(null));
            assertThat(over).isCompleted();
            assertThat(time.timers()).isZero();
        }
    }

    @Property(tries = 500)
    void theBoundsHoldAndNothingIsLost(
            @ForAll @IntRange(max = 3) int min,
            @ForAll @IntRange(max = 3) int more,
            @ForAll @DoubleRange(max = 9) double rate,
            @ForAll @IntRange(max = 60) int age,
            @ForAll @IntRange(max = 4) int queue,
            @ForAll long seed) {
        PoolSettings settings = PoolSettings.of(min, Math.max(1, min + more))
                .withRefillPerSecond(rate)
                .withMaxAge(Duration.ofSeconds(age))
                .withQueue(queue);
        new Course(settings, seed).run();
    }

    /** As long as the source gives VMs, whoever waits gets one, and the pool comes to what it is to have. */
    @Property(tries = 200)
    void whoWaitsGetsAVm(
            @ForAll @IntRange(min = 1, max = 3) int min,
            @ForAll @IntRange(max = 3) int more,
            @ForAll @IntRange(max = 6) int waiting,
            @ForAll @IntRange(max = 5) int failures,
            @ForAll @DoubleRange(min = 0.5, max = 9) double rate) {
        ManualPoolTime time = new ManualPoolTime();
        FakeVms vms = new FakeVms();
        PoolSettings settings =
                PoolSettings.of(min, min + more).withRefillPerSecond(rate).withMaxAge(Duration.ZERO);
        Pool<FakeVms.Vm> pool = new Pool<>("any", settings, vms, time, () -> 0);
        pool.open();
        List<CompletableFuture<FakeVms.Vm>> asked = new ArrayList<>();
        for (int i = 0; i < waiting; i++) {
            CompletableFuture<FakeVms.Vm> one = pool.acquire(Optional.empty());
            CompletionStage<FakeVms.Vm> answer = one;
            answer.thenAccept(pool::release);
            asked.add(one);
        }
        int left = failures;
        for (int i = 0; i < 200; i++) {
            time.advance(Duration.ofSeconds(2));
            while (!vms.asked.isEmpty()) {
                if (left-- > 0) {
                    vms.fail("no");
                } else {
                    vms.come();
                }
                time.settle();
            }
        }
        assertThat(asked).allMatch(CompletableFuture::isDone);
        assertThat(pool.status().ready()).isEqualTo(min);
        assertThat(vms.alive()).hasSize(min);
    }
}
