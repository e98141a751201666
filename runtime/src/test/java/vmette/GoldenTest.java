package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.errors.ForeignSnapshotException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.StartFailedException;
import vmette.recovery.Snapshot;

/** VMs are texts that say where they are from. */
class GoldenTest {
    private static final int ATTEMPTS = 2;

    private final Fake vms = new Fake();
    private Instant now = Instant.EPOCH;
    private final Golden<String> golden = new Golden<>(ATTEMPTS, () -> now);

    private CompletableFuture<String> next() {
        return golden.next(vms).toCompletableFuture();
    }

    private static final class Fake implements TemplateVms<String> {
        private final Deque<CompletableFuture<String>> booting = new ArrayDeque<>();
        private final List<String> discarded = new ArrayList<>();
        private final List<String> said = new ArrayList<>();
        private final Set<String> ended = new HashSet<>();
        private Optional<Snapshot> named = Optional.empty();
        private Optional<String> noSave = Optional.empty();
        private int badRestores;
        private boolean keptByOthers;
        private boolean held;
        private boolean inTheWay;
        private Throwable reason;
        private CompletableFuture<Void> looking = CompletableFuture.completedFuture(null);
        private Optional<RuntimeException> bug = Optional.empty();
        private int boots;
        private int restores;
        private int saves;

        @Override
        public CompletionStage<Optional<Snapshot>> find() {
            bug.ifPresent(thrown -> {
                throw thrown;
            });
            return looking.thenApply(looked -> named);
        }

        @Override
        public CompletionStage<String> restore(String snapshot) {
            if (badRestores > 0) {
                badRestores--;
                return CompletableFuture.failedStage(new RestoreFailedException("damaged: " + snapshot, reason));
            }
            return CompletableFuture.completedStage(snapshot + "/" + ++restores);
        }

        @Override
        public CompletionStage<String> boot() {
            CompletableFuture<String> booted = new CompletableFuture<>();
            booting.add(booted);
            if (!held) {
                up();
            }
            return booted;
        }

        void up() {
            booting.remove().complete("boot/" + ++boots);
        }

        @Override
        public CompletionStage<Snapshot> save(String vm) {
            if (noSave.isPresent()) {
                return CompletableFuture.failedStage(new SaveFailedException(noSave.get(), null));
            }
            if (named.isPresent() || inTheWay) {
                return CompletableFuture.failedStage(new SaveFailedException("there is one already", null));
            }
            named = Optional.of(new Snapshot("golden", Instant.ofEpochSecond(++saves), 0));
            return CompletableFuture.completedStage(named.get());
        }

        @Override
        public CompletionStage<Snapshot> saveUnnamed(String vm) {
            return noSave.isPresent()
                    ? CompletableFuture.failedStage(new SaveFailedException(noSave.get(), null))
                    : CompletableFuture.completedStage(new Snapshot("/unnamed", Instant.ofEpochSecond(++saves), 0));
        }

        @Override
        public boolean hasEnded(String vm) {
            return ended.contains(vm);
        }

        @Override
        public void discard(Snapshot snapshot, Throwable why) {
            discarded.add(snapshot.id() + ", " + why.getMessage());
            if (!keptByOthers) {
                named = Optional.empty();
            }
        }

        @Override
        public void say(String line) {
            said.add(line);
        }
    }

    @Test
    void theFirstIsBootedAndSavedAndTheOthersComeFromIt() {
        vms.held = true;
        CompletableFuture<String> first = next();
        CompletableFuture<String> second = next();
        CompletableFuture<String> third = next();
        assertThat(vms.booting).as("one is in the making, and no more").hasSize(1);
        assertThat(second).isNotDone();
        vms.up();
        assertThat(first).isCompletedWithValue("boot/1");
        assertThat(List.of(second.join(), third.join())).containsExactlyInAnyOrder("golden/1", "golden/2");
        assertThat(next().join()).isEqualTo("golden/3");
        assertThat(vms.boots).isEqualTo(1);
        assertThat(vms.saves).isEqualTo(1);
    }

    @Test
    void oneFromBeforeIsUsed() {
        vms.named = Optional.of(new Snapshot("golden", Instant.EPOCH, 0));
        assertThat(next().join()).isEqualTo("golden/1");
        assertThat(vms.boots).isZero();
    }

    @Test
    void oneThatIsOfNoUseIsMadeAnew() {
        vms.named = Optional.of(new Snapshot("golden", Instant.EPOCH, 0));
        vms.badRestores = ATTEMPTS;
        assertThat(next().join()).isEqualTo("boot/1");
        assertThat(vms.discarded).containsExactly("golden, damaged: golden");
        assertThat(vms.saves).isEqualTo(1);
        assertThat(next().join()).isEqualTo("golden/1");
        assertThat(vms.said).isEmpty();
    }

    @Test
    void aFailureNowAndThenIsNoReasonToGiveItUp() {
        next().join();
        for (int i = 0; i < 5; i++) {
            vms.badRestores = ATTEMPTS - 1;
            assertThat(next().join()).startsWith("golden/");
        }
        assertThat(vms.discarded).isEmpty();
    }

    @Test
    void oneThatOthersUseIsLeftToThem() {
        vms.named = Optional.of(new Snapshot("golden", Instant.EPOCH, 0));
        vms.keptByOthers = true;
        vms.badRestores = ATTEMPTS;
        assertThat(next().join()).isEqualTo("boot/1");
        assertThat(vms.named).isPresent();
        assertThat(next().join()).isEqualTo("/unnamed/1");
        assertThat(vms.boots).isEqualTo(1);
    }

    @Test
    void whatCannotBeUsedAndStaysIsDoneWithout() {
        vms.inTheWay = true;
        assertThat(next().join()).isEqualTo("boot/1");
        assertThat(next().join()).isEqualTo("/unnamed/1");
    }

    @Test
    void nothingIsBegunBeforeOneFromBeforeHasBeenLookedAt() {
        vms.looking = new CompletableFuture<>();
        CompletableFuture<String> first = next();
        CompletableFuture<String> second = next();
        assertThat(first).isNotDone();
        vms.looking.complete(null);
        assertThat(first).isCompletedWithValue("boot/1");
        assertThat(second).isCompletedWithValue("golden/1");
    }

    /** QEMU was replaced since it was looked at. */
    @Test
    void oneOfAnotherMachineIsNotTriedTwice() {
        vms.named = Optional.of(new Snapshot("golden", Instant.EPOCH, 0));
        vms.badRestores = Integer.MAX_VALUE;
        vms.reason = new ForeignSnapshotException("does not fit");
        CompletableFuture<String> first = next();
        assertThat(first).isCompletedWithValue("boot/1");
        assertThat(Integer.MAX_VALUE - vms.badRestores).isEqualTo(1);
        assertThat(vms.discarded).containsExactly("golden, damaged: golden");
    }

    @Test
    void aBugKeepsNobodyWaiting() {
        vms.bug = Optional.of(new IllegalStateException("a bug"));
        assertThatThrownBy(next()::join).hasRootCauseMessage("a bug");
        vms.bug = Optional.empty();
        assertThat(next().join()).isEqualTo("boot/1");
    }

    @Test
    void anotherProcessMayBeFaster() {
        vms.held = true;
        CompletableFuture<String> first = next();
        vms.named = Optional.of(new Snapshot("golden", Instant.ofEpochSecond(9), 0));
        vms.up();
        assertThat(first).isCompletedWithValue("boot/1");
        assertThat(next().join()).isEqualTo("golden/1");
        assertThat(vms.saves).isZero();
    }

    @Test
    void whatCannotBeSavedIsBootedAndThatIsToldOnce() {
        vms.noSave = Optional.of("its root is a directory of this host");
        assertThat(next().join()).isEqualTo("boot/1");
        assertThat(next().join()).isEqualTo("boot/2");
        assertThat(vms.said).singleElement().asString().contains("its root is a directory of this host");
        now = now.plus(Golden.PAUSE);
        assertThat(next().join()).isEqualTo("boot/3");
        assertThat(vms.said).hasSize(1);
        vms.noSave = Optional.empty();
        now = now.plus(Golden.PAUSE);
        assertThat(next().join()).isEqualTo("boot/4");
        assertThat(next().join()).isEqualTo("golden/1");
    }

    @Test
    void whereNoneCanBeRestoredAllAreBooted() {
        vms.badRestores = Integer.MAX_VALUE;
        for (int i = 1; i <= 4; i++) {
            assertThat(next().join()).isEqualTo("boot/" + i);
        }
        assertThat(vms.saves).as("saved twice in vain").isEqualTo(2);
        assertThat(vms.said).singleElement().asString().contains("damaged");
    }

    @Test
    void aBootThatFailsIsToldToAllWhoWaitAndTriedAgain() {
        vms.held = true;
        CompletableFuture<String> first = next();
        CompletableFuture<String> second = next();
        vms.booting.remove().completeExceptionally(new StartFailedException("no kernel"));
        for (CompletableFuture<String> each : List.of(first, second)) {
            assertThatThrownBy(each::join)
                    .isInstanceOf(CompletionException.class)
                    .hasRootCauseMessage("no kernel");
        }
        vms.held = false;
        assertThat(next().join()).isEqualTo("boot/1");
    }

    @Test
    void oneThatEndsWhileItIsSavedIsNotLent() {
        vms.ended.add("boot/1");
        vms.noSave = Optional.of("it has ended");
        assertThatThrownBy(next()::join).hasMessageContaining("a VM ended while it was prepared");
        assertThat(vms.said).isEmpty();
        vms.noSave = Optional.empty();
        assertThat(next().join()).isEqualTo("boot/2");
    }
}
