package vmette.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.config.PoolSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;

class PoolTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final ManualPoolTime time = new ManualPoolTime();
    private final FakeVms vms = new FakeVms();
    private Pool<FakeVms.Vm> pool;

    private void open(PoolSettings settings) {
        pool = new Pool<>("web", settings, vms, time, () -> 0);
        pool.open();
        time.settle();
    }

    /** Without a rate and an age. */
    private void open(int min, int max) {
        open(plain(min, max));
    }

    private static PoolSettings plain(int min, int max) {
        return PoolSettings.of(min, max)
                .withRefillPerSecond(0)
                .withMaxAge(Duration.ZERO)
                .withRetry(new PoolSettings.Retry(Duration.ofSeconds(1), Duration.ofSeconds(4), 0.5));
    }

    private List<FakeVms.Vm> come(int count) {
        List<FakeVms.Vm> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(vms.come());
        }
        time.settle();
        return all;
    }

    private CompletableFuture<FakeVms.Vm> acquire() {
        CompletableFuture<FakeVms.Vm> asked = pool.acquire(Optional.of(MINUTE));
        time.settle();
        return asked;
    }

    private void stands(int ready, int coming, int lent, int ending, int waiting) {
        PoolStatus status = pool.status();
        assertThat(List.of(status.ready(), status.coming(), status.lent(), status.ending(), status.waiting()))
                .as("ready, coming, lent, ending, waiting")
                .containsExactly(ready, coming, lent, ending, waiting);
    }

    @Test
    void itFillsUpToMin() {
        open(2, 4);
        assertThat(vms.asked).hasSize(2);
        stands(0, 2, 0, 0, 0);
        come(2);
        stands(2, 0, 0, 0, 0);
    }

    @Test
    void aReadyVmIsHadAtOnceAndAnotherOneIsBegun() {
        open(1, 2);
        FakeVms.Vm vm = come(1).get(0);
        CompletableFuture<FakeVms.Vm> asked = pool.acquire(Optional.of(MINUTE));
        assertThat(asked).isCompletedWithValue(vm);
        // By no thread but that of the pool's own: whoever acquires does not wait for what a source does.
        assertThat(vms.asked).isEmpty();
        time.settle();
        stands(0, 1, 1, 0, 0);
    }

    @Test
    void thoseWhoWaitAreServedInTheirOrderAndThePoolGrowsForThem() {
        open(1, 3);
        List<CompletableFuture<FakeVms.Vm>> asked = List.of(acquire(), acquire(), acquire());
        stands(0, 3, 0, 0, 3);
        List<FakeVms.Vm> came = come(3);
        for (int i = 0; i < 3; i++) {
            assertThat(asked.get(i)).isCompletedWithValue(came.get(i));
        }
        stands(0, 0, 3, 0, 0);
        assertThat(time.timers()).as("patience is over with the waiting").isZero();
    }

    @Test
    void aReleasedVmIsStoppedAndNobodyGetsItAgain() {
        vms.prompt = false;
        open(1, 1);
        FakeVms.Vm used = come(1).get(0);
        assertThat(acquire()).isCompletedWithValue(used);
        CompletableFuture<FakeVms.Vm> next = acquire();
        pool.release(used);
        assertThat(used.stops).isEqualTo(1);
        time.settle();
        assertThat(vms.asked).as("while it is being stopped it takes its place").isEmpty();
        stands(0, 0, 0, 1, 1);
        used.ended.complete(null);
        time.settle();
        FakeVms.Vm fresh = come(1).get(0);
        assertThat(next).isCompletedWithValue(fresh);
        pool.release(used);
        assertThat(used.stops).isEqualTo(1);
    }

    @Test
    void whatIsNotLentCannotBeReleased() {
        open(1, 2);
        FakeVms.Vm idle = come(1).get(0);
        assertThatThrownBy(() -> pool.release(idle))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("the VM vm-1 is not lent by the pool web: release each VM that was acquired to the pool"
                        + " that it is from");
        assertThatThrownBy(() -> pool.release(new FakeVms.Vm(7))).isInstanceOf(InvalidConfigException.class);
        stands(1, 0, 0, 0, 0);
    }

    @Test
    void whoHasCancelledSwallowsNoVm() {
        open(0, 1);
        CompletableFuture<FakeVms.Vm> first = acquire();
        CompletableFuture<FakeVms.Vm> second = acquire();
        first.cancel(false);
        stands(0, 1, 0, 0, 1);
        FakeVms.Vm vm = come(1).get(0);
        assertThat(second).isCompletedWithValue(vm);
    }

    @Test
    void oneMoreThanMayWaitIsRefused() {
        open(plain(0, 1).withQueue(1));
        CompletableFuture<FakeVms.Vm> first = acquire();
        assertThatThrownBy(acquire()::join)
                .hasCauseInstanceOf(VmBusyException.class)
                .hasMessageEndingWith("no VM of the pool web is ready, and 1 wait already (its queue): release VMs that"
                        + " are not needed, or try again later");
        assertThat(first).isCompletedWithValue(come(1).get(0));
    }

    @Test
    void whoMayNotWaitGetsWhatIsReady() {
        open(plain(1, 2).withQueue(0));
        assertThatThrownBy(acquire()::join).hasCauseInstanceOf(VmBusyException.class);
        come(1);
        assertThat(acquire()).isCompleted();
    }

    @Test
    void patienceEndsAndSaysWhy() {
        open(0, 1);
        CompletableFuture<FakeVms.Vm> first = acquire();
        FakeVms.Vm vm = come(1).get(0);
        CompletableFuture<FakeVms.Vm> second = acquire();
        time.advance(MINUTE);
        assertThat(first).isCompletedWithValue(vm);
        assertThatThrownBy(second::join)
                .hasCauseInstanceOf(OperationTimeoutException.class)
                .hasMessageEndingWith("no VM of the pool web within 60 s: all 1 that it may have (max) are lent out or"
                        + " being stopped; release them sooner, or raise max");
        CompletableFuture<FakeVms.Vm> endless = pool.acquire(Optional.empty());
        time.advance(Duration.ofDays(1));
        assertThat(endless).isNotDone();
    }

    @Test
    void aSourceThatFailsIsLeftAloneForLongerAndLonger() {
        open(3, 3);
        assertThat(vms.asked).hasSize(3);
        // All of one attempt are one failure.
        vms.fail("no room");
        vms.fail("no room");
        vms.fail("no room");
        List<Integer> attempts = new ArrayList<>();
        for (int second = 1; second <= 13; second++) {
            time.advance(Duration.ofSeconds(1));
            attempts.add(vms.asked.size());
            while (!vms.asked.isEmpty()) {
                vms.fail("no memory");
            }
        }
        // After 1 s, 2 s, 4 s and never more; one at a time.
        assertThat(attempts).containsExactly(1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0);
        assertThat(pool.status().failures()).isEqualTo(5);
        assertThat(pool.status().lastFailure()).contains("no memory");
    }

    @Test
    void afterASuccessAllIsAsItWas() {
        open(2, 3);
        vms.fail("no room");
        come(1);
        assertThat(pool.status().failures()).isZero();
        stands(1, 1, 0, 0, 0);
    }

    @Test
    void failuresAreToldToThoseWhoWaitWhenTheirPatienceEnds() {
        open(0, 3);
        CompletableFuture<FakeVms.Vm> asked = acquire();
        vms.fail("no room");
        assertThat(asked).isNotDone();
        time.advance(Duration.ofSeconds(1));
        vms.fail("no memory");
        time.advance(MINUTE.minusSeconds(1));
        assertThatThrownBy(asked::join)
                .hasCauseInstanceOf(OperationTimeoutException.class)
                .hasRootCauseInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("no VM of the pool web within 60 s: where they come from has failed 2 times in a"
                        + " row, with: no memory");
    }

    @Test
    void aSourceThatThrowsOrGivesNothingHasFailed() {
        PoolVms<FakeVms.Vm> broken = new BrokenVms(vms);
        Pool<FakeVms.Vm> one = new Pool<>("web", plain(1, 2), broken, time, () -> 0);
        one.open();
        time.settle();
        assertThat(one.status().lastFailure()).contains("out of order");
        time.advance(Duration.ofSeconds(1));
        assertThat(one.status().lastFailure()).contains("the source gave no stage");
        time.advance(Duration.ofSeconds(2));
        assertThat(one.status().lastFailure()).contains("the source gave no VM");
        time.advance(Duration.ofSeconds(4));
        assertThat(one.status().ready()).isEqualTo(1);
        CompletionStage<FakeVms.Vm> first = one.acquire(Optional.empty());
        time.settle();
        assertThat(first.toCompletableFuture()).isCompleted();
        assertThat(one.status().lastFailure()).contains("the source gave the VM vm-1 twice");
        assertThat(one.status().coming()).isZero();
    }

    @Test
    void aVmThatDiesInThePoolIsReplaced() {
        open(1, 2);
        come(1).get(0).ended.complete(null);
        time.settle();
        stands(0, 1, 0, 0, 0);
    }

    @Test
    void aVmThatDiesWithWhoeverHasItIsForgotten() {
        open(1, 1);
        FakeVms.Vm vm = come(1).get(0);
        assertThat(acquire()).isCompletedWithValue(vm);
        stands(0, 0, 1, 0, 0);
        vm.ended.complete(null);
        time.settle();
        stands(0, 1, 0, 0, 0);
        pool.release(vm);
        assertThat(vm.stops).isZero();
    }

    @Test
    void aVmThatHasBegunAnotherIncarnationIsNotWhatItWas() {
        open(1, 2);
        FakeVms.Vm vm = come(1).get(0);
        vm.incarnation++;
        CompletableFuture<FakeVms.Vm> asked = acquire();
        assertThat(asked).isNotDone();
        assertThat(vm.stops).isEqualTo(1);
        assertThat(asked).isNotDone();
        FakeVms.Vm fresh = come(1).get(0);
        assertThat(asked).isCompletedWithValue(fresh);
    }

    @Test
    void oneThatIsTooOldIsReplacedUnlessItIsLent() {
        open(plain(2, 3).withMaxAge(MINUTE));
        List<FakeVms.Vm> came = come(1);
        time.advance(Duration.ofSeconds(30));
        came.addAll(come(1));
        CompletableFuture<FakeVms.Vm> lent = acquire();
        assertThat(lent).as("the one that would be too old first").isCompletedWithValue(came.get(0));
        came.addAll(come(1));
        time.advance(Duration.ofSeconds(59));
        assertThat(came).extracting(vm -> vm.stops).containsExactly(0, 0, 0);
        stands(2, 0, 1, 0, 0);
        time.advance(Duration.ofSeconds(1));
        assertThat(came).extracting(vm -> vm.stops).containsExactly(0, 1, 1);
    }

    @Test
    void noMoreAreBegunThanTheRateAllows() {
        open(plain(6, 9).withRefillPerSecond(2));
        assertThat(vms.asked).hasSize(1);
        time.advance(Duration.ofMillis(499));
        assertThat(vms.asked).hasSize(1);
        time.advance(Duration.ofMillis(1));
        assertThat(vms.asked).hasSize(2);
        time.advance(Duration.ofSeconds(10));
        assertThat(vms.asked).hasSize(6);
    }

    @Test
    void closingStopsWhatIsNotLentAndWaitsForTheRest() {
        vms.prompt = false;
        open(2, 3);
        List<FakeVms.Vm> came = come(2);
        assertThat(acquire()).isCompletedWithValue(came.get(0));
        CompletableFuture<FakeVms.Vm> other = acquire();
        assertThat(other).isCompletedWithValue(came.get(1));
        CompletableFuture<FakeVms.Vm> late = acquire();
        stands(0, 1, 2, 0, 1);
        CompletableFuture<Void> over = pool.close().toCompletableFuture();
        assertThatThrownBy(late::join)
                .hasCauseInstanceOf(VmLostException.class)
                .hasMessageEndingWith("the pool web is closed: it lends no VM any more");
        assertThatThrownBy(acquire()::join).hasCauseInstanceOf(VmLostException.class);
        FakeVms.Vm coming = come(1).get(0);
        assertThat(coming.stops).isEqualTo(1);
        stands(0, 0, 2, 1, 0);
        coming.ended.complete(null);
        pool.release(came.get(0));
        pool.giveBack(came.get(1));
        assertThat(came).extracting(vm -> vm.stops).containsExactly(1, 1);
        assertThat(over).isNotDone();
        came.forEach(vm -> vm.ended.complete(null));
        assertThat(over).isCompleted();
        assertThat(pool.close().toCompletableFuture()).isCompleted();
        assertThat(time.timers()).isZero();
        time.advance(Duration.ofHours(1));
        assertThat(vms.asked).isEmpty();
    }

    @Test
    void anEmptyPoolClosesAtOnce() {
        open(0, 1);
        assertThat(pool.close().toCompletableFuture()).isCompleted();
        assertThatThrownBy(acquire()::join).isInstanceOf(CompletionException.class);
    }

    @Test
    void oneThatFailsAfterTheCloseIsTheEndOfIt() {
        open(1, 1);
        CompletableFuture<Void> over = pool.close().toCompletableFuture();
        assertThat(over).isNotDone();
        vms.fail("closed");
        assertThat(over).isCompleted();
    }

    /** A source that does everything wrong once. */
    private static final class BrokenVms extends ForwardedVms {
        private final FakeVms.Vm only = new FakeVms.Vm(1);
        private int count;

        BrokenVms(FakeVms vms) {
            super(vms);
        }

        @Override
        public CompletableFuture<FakeVms.Vm> next() {
            return switch (count++) {
                case 0 -> throw new IllegalStateException("out of order");
                case 1 -> null;
                case 2 -> CompletableFuture.completedFuture(null);
                default -> CompletableFuture.completedFuture(only);
            };
        }
    }
}
