package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.stream.Materializer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.config.PoolSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.testkit.Script;
import vmette.testkit.VmetteTestKit;

/** Pools of the test kit's VMs, which boot where others are restored: what a pool does with them is the same. */
class VmPoolTest {
    private static final PoolSettings TWO_OF_THREE =
            PoolSettings.of(2, 3).withRefillPerSecond(0).withMaxAge(Duration.ZERO);

    private final VmetteTestKit kit = VmetteTestKit.create();
    private final AtomicInteger numbers = new AtomicInteger();
    private VmPool pool;

    @AfterEach
    void close() {
        kit.close();
    }

    private CompletionStage<VmHandle> next() {
        return kit.vmette()
                .launch(VmSpec.builder().name("p" + numbers.incrementAndGet()).build());
    }

    private void open(PoolSettings settings) {
        pool = VmPool.open("web", settings, kit.system(), this::next, kit.clock(), () -> 0);
    }

    private void open() {
        open(TWO_OF_THREE);
        kit.until(() -> pool.status().ready() == 2);
    }

    private VmHandle acquire() {
        return kit.await(pool.acquire());
    }

    private void hasReady(int count) {
        kit.until(() -> pool.status().ready() == count);
    }

    @Test
    void aVmIsHadAtOnceAndTheNextIsAnother() {
        open();
        CompletionStage<VmHandle> asked = pool.acquire();
        assertThat(asked.toCompletableFuture()).as("without any time").isCompleted();
        VmHandle used = kit.await(asked);
        kit.onExec("true", Script.script());
        assertThat(kit.await(used.exec("true").status()).isSuccess()).isTrue();
        kit.await(pool.release(used));
        assertThat(used.hasEnded()).isTrue();
        Set<String> names = new HashSet<>(Set.of(used.name()));
        for (int i = 0; i < 5; i++) {
            VmHandle vm = acquire();
            assertThat(names.add(vm.name())).isTrue();
            pool.discard(vm);
        }
        hasReady(2);
        assertThat(kit.vmette().vms().stream().filter(vm -> !vm.state().isOver()))
                .hasSize(2);
    }

    @Test
    void whoWaitsGetsTheNextAndIsToldIfThereIsNone() {
        open(TWO_OF_THREE.withPatience(Duration.ofSeconds(5)));
        VmHandle first = acquire();
        acquire();
        acquire();
        CompletionStage<VmHandle> fourth = pool.acquire(Duration.ofMinutes(30));
        assertThatThrownBy(this::acquire)
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("no VM of the pool web within 5 s: all 3 that it may have (max)");
        assertThat(fourth.toCompletableFuture()).isNotDone();
        pool.release(first);
        assertThat(kit.await(fourth).name()).isEqualTo("p4");
        assertThatThrownBy(() -> pool.acquire(Duration.ZERO)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aSourcesFailureIsToldWhenPatienceEnds() {
        for (int i = 1; i < 200; i++) {
            kit.vm("p" + i).failStart("no room for it");
        }
        open(TWO_OF_THREE);
        assertThatThrownBy(this::acquire)
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("where they come from has failed")
                .hasMessageContaining("no room for it")
                .hasCauseInstanceOf(StartFailedException.class);
        assertThat(numbers.get()).as("it is left alone for longer and longer").isLessThan(12);
    }

    @Test
    void aVmThatFailsInThePoolIsReplaced() {
        open();
        kit.vm("p1").crash();
        kit.until(() -> numbers.get() == 3);
        hasReady(2);
        assertThat(acquire().name()).isEqualTo("p2");
    }

    @Test
    void aVmThatBeganAnewIsNotHandedOut() {
        open();
        VmHandle first = kit.vmette().find("p1").orElseThrow();
        kit.await(first.restart());
        assertThat(acquire().name()).isEqualTo("p2");
        kit.await(first.ended());
    }

    @Test
    void aVmThatFailsWithWhoeverHasItIsReplacedToo() {
        open(PoolSettings.of(1, 1));
        VmHandle vm = acquire();
        kit.vm(vm.name()).crash();
        hasReady(1);
        kit.await(pool.release(vm));
        assertThat(pool.status().ready()).isEqualTo(1);
    }

    @Test
    void whatIsTooOldIsReplacedButNotWhatIsLent() {
        open(TWO_OF_THREE.withMaxAge(Duration.ofMinutes(10)));
        hasReady(2);
        VmHandle lent = acquire();
        hasReady(2);
        kit.advance(Duration.ofMinutes(11));
        hasReady(2);
        assertThat(lent.hasEnded()).isFalse();
        assertThat(kit.vmette().find("p2")).isEmpty();
        assertThat(kit.vmette().find("p3")).isEmpty();
    }

    @Test
    void strangersAreNotReleased() {
        open();
        VmHandle stranger = kit.launch(VmSpec.builder().name("stranger").build());
        assertThatThrownBy(() -> pool.release(stranger))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("the VM stranger is not lent by the pool web");
        assertThat(stranger.hasEnded()).isFalse();
    }

    @Test
    void whatIsDoneWithAVmIsFollowedByItsRelease() {
        open();
        AtomicInteger uses = new AtomicInteger();
        kit.onExec("work", Script.print("done"));
        VmHandle[] used = new VmHandle[1];
        ExitStatus status = kit.await(pool.withVm(vm -> {
            used[0] = vm;
            uses.incrementAndGet();
            return vm.exec("work").status();
        }));
        assertThat(status.isSuccess()).isTrue();
        kit.await(used[0].ended());
        IllegalStateException wrong = new IllegalStateException("wrong");
        assertThatThrownBy(() -> kit.await(pool.withVm(vm -> CompletableFuture.failedStage(wrong))))
                .hasCause(wrong);
        assertThatThrownBy(() -> kit.await(pool.<Void>withVm(vm -> {
                    throw wrong;
                })))
                .hasCause(wrong);
        assertThatThrownBy(() -> kit.await(pool.<Void>withVm(vm -> null)))
                .isInstanceOf(CompletionException.class)
                .hasRootCauseInstanceOf(NullPointerException.class);
        hasReady(2);
        assertThat(pool.status().lent()).isZero();
    }

    @Test
    void cancellingWhatIsDoneWithAVmReleasesIt() {
        open(PoolSettings.of(1, 1));
        hasReady(1);
        CompletableFuture<Void> endless =
                pool.<Void>withVm(vm -> new CompletableFuture<>()).toCompletableFuture();
        CompletableFuture<Void> waiting =
                pool.<Void>withVm(vm -> new CompletableFuture<>()).toCompletableFuture();
        assertThat(pool.status().waiting()).isEqualTo(1);
        waiting.cancel(false);
        assertThat(pool.status().waiting()).isZero();
        endless.cancel(false);
        assertThat(pool.status().lent()).isZero();
        assertThatThrownBy(endless::join).isInstanceOf(CancellationException.class);
        hasReady(1);
        assertThat(acquire().name()).isEqualTo("p2");
    }

    private Taker<VmHandle> taker() {
        return Taker.of(pool.vms(), Materializer.matFromSystem(kit.system()));
    }

    @Test
    void aStreamTakesAVmForEachDemand() {
        open();
        Taker<VmHandle> taker = taker();
        kit.settle();
        assertThat(pool.status().lent()).isZero();
        taker.request(2);
        kit.until(() -> taker.taken.size() == 2);
        assertThat(taker.taken).extracting(VmHandle::name).containsExactly("p1", "p2");
        kit.advance(Duration.ofMinutes(1));
        assertThat(pool.status().lent()).isEqualTo(2);
        taker.request(2);
        kit.until(() -> pool.status().lent() == 3 && pool.status().waiting() == 1);
        // Longer than anybody's patience: a stream waits.
        kit.advance(Duration.ofHours(1));
        kit.await(pool.release(taker.taken.get(1)));
        kit.until(() -> taker.taken.size() == 4);
        taker.cancel();
        kit.settle();
        assertThat(pool.status().lent()).isEqualTo(3);
    }

    @Test
    void aStreamThatIsCancelledKeepsNoVm() {
        kit.vm("p1").slowBoot(Duration.ofSeconds(5));
        open(PoolSettings.of(0, 1).withRefillPerSecond(0));
        Taker<VmHandle> taker = taker();
        taker.request(1);
        kit.settle();
        assertThat(pool.status().waiting()).isEqualTo(1);
        taker.cancel();
        kit.settle();
        assertThat(pool.status().waiting()).isZero();
        hasReady(1);
        assertThat(pool.status().lent()).isZero();
        assertThat(taker.taken).isEmpty();
    }

    @Test
    void aVmThatComesWhileItsStreamIsCancelledGoesBack() {
        VmHandle vm = kit.await(next());
        CompletableFuture<VmHandle> coming = new CompletableFuture<>();
        pool = VmPool.open("web", PoolSettings.of(0, 1), kit.system(), () -> coming, kit.clock(), () -> 0);
        Taker<VmHandle> taker = taker();
        taker.request(1);
        kit.settle();
        AtomicInteger lent = new AtomicInteger();
        // On the one thread that the stage has as well: it hears of the cancelling first, and finds that it has a VM.
        kit.system().executionContext().execute(() -> {
            taker.cancel();
            coming.complete(vm);
            lent.set(pool.status().lent());
        });
        kit.settle();
        assertThat(lent).hasValue(1);
        assertThat(pool.status().lent()).isZero();
        assertThat(acquire()).isSameAs(vm);
    }

    @Test
    void aMaterializerThatIsShutDownKeepsNoVm() {
        kit.vm("p1").slowBoot(Duration.ofSeconds(5));
        open(PoolSettings.of(0, 1).withRefillPerSecond(0));
        Materializer own = Materializer.createMaterializer(kit.system());
        Taker<VmHandle> taker = Taker.of(pool.vms(), own);
        taker.request(1);
        kit.settle();
        assertThat(pool.status().waiting()).isEqualTo(1);
        own.shutdown();
        kit.settle();
        assertThat(pool.status().waiting()).isZero();
        hasReady(1);
        assertThat(pool.status().lent()).isZero();
    }

    @Test
    void aPoolThatIsClosedFailsItsStreams() {
        kit.vm("p1").slowBoot(Duration.ofSeconds(5));
        open(PoolSettings.of(0, 1));
        Taker<VmHandle> taker = taker();
        taker.request(1);
        kit.settle();
        assertThat(pool.status().waiting()).isEqualTo(1);
        CompletionStage<?> over = pool.close();
        kit.until(taker::isOver);
        assertThat(taker.failure()).containsInstanceOf(VmLostException.class);
        kit.await(over);
    }

    @Test
    void closingEndsAllThatIsNotLent() {
        open();
        VmHandle lent = acquire();
        CompletionStage<?> over = pool.close();
        kit.until(() ->
                kit.vmette().vms().stream().filter(vm -> !vm.state().isOver()).count() == 1);
        assertThat(over.toCompletableFuture()).isNotDone();
        assertThat(lent.hasEnded()).isFalse();
        assertThatThrownBy(this::acquire).isInstanceOf(VmLostException.class);
        pool.release(lent);
        kit.await(over);
        assertThat(lent.hasEnded()).isTrue();
    }

    @Test
    void theEndOfTheSystemClosesThePool() {
        open();
        kit.system().terminate();
        kit.until(() -> kit.system().getWhenTerminated().toCompletableFuture().isDone());
        assertThatThrownBy(() -> pool.acquire().toCompletableFuture().join()).hasCauseInstanceOf(VmLostException.class);
    }
}
