package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.RestoreFailedException;
import vmette.recovery.Snapshot;
import vmette.vsock.VsockHost;

class VmShelfTest {
    private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");

    private final Map<String, Snapshot> there = new HashMap<>();
    private final List<String> discarded = new ArrayList<>();

    private final MachineFactory machines = new MachineFactory() {
        @Override
        public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
            return CompletableFuture.failedStage(new AssertionError("nobody asks for it"));
        }

        @Override
        public Snapshot find(String id, VmSpec spec) {
            return Optional.ofNullable(there.get(id)).orElseThrow(() -> new RestoreFailedException("none", null));
        }

        @Override
        public void discard(String id) {
            discarded.add(id);
        }
    };

    private static Snapshot snapshot(String id) {
        return new Snapshot(id, AT, 0);
    }

    private static boolean look(VmShelf shelf) {
        CompletableFuture<Boolean> found = new CompletableFuture<>();
        shelf.lookForGolden(found::complete);
        return found.join();
    }

    @Test
    void aGoldenOneIsOfferedOnceItHasBeenLookedAtAndNotTakenAgain() {
        there.put("golden", snapshot("golden"));
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden"), 3, foreign -> {});
        assertThat(shelf.atHand().golden()).isEmpty();
        assertThat(shelf.goldenToTake()).contains("golden");
        assertThat(look(shelf)).isTrue();
        assertThat(shelf.atHand().golden()).contains(snapshot("golden"));
        assertThat(shelf.goldenToTake()).isEmpty();
    }

    @Test
    void aForeignGoldenOneIsToldOfAndNotOffered() {
        GoldenLook.Foreign foreign = new GoldenLook.Foreign("golden", "of another kernel", Optional.empty());
        MachineFactory elsewhere = new MachineFactory() {
            @Override
            public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
                return machines.begin(spec, name, beforeBoot);
            }

            @Override
            public CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
                return CompletableFuture.completedStage(GoldenLook.of(foreign));
            }
        };
        List<GoldenLook.Foreign> told = new ArrayList<>();
        VmShelf shelf = new VmShelf(elsewhere, VmSpec.builder().build(), Optional.of("golden"), 3, told::add);
        assertThat(look(shelf)).isFalse();
        assertThat(told).containsExactly(foreign);
        assertThat(shelf.atHand().golden()).isEmpty();
        assertThat(shelf.goldenToTake()).contains("golden");
    }

    /** It was damaged, and somebody uses it all the same. */
    @Test
    void oneThatWasGivenUpAndIsStillThereIsNotOfferedAgain() {
        there.put("golden", snapshot("golden"));
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden"), 3, foreign -> {});
        look(shelf);
        shelf.discard("golden");
        assertThat(look(shelf)).isFalse();
        assertThat(shelf.atHand().golden()).isEmpty();
        there.put("golden", new Snapshot("golden", Instant.now().plusSeconds(60), 0));
        assertThat(look(shelf)).isTrue();
    }

    @Test
    void whereNothingCanBeToldThereIsNone() {
        MachineFactory broken = new MachineFactory() {
            @Override
            public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
                return machines.begin(spec, name, beforeBoot);
            }

            @Override
            public CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
                return CompletableFuture.failedStage(new RestoreFailedException("no kernel", null));
            }
        };
        assertThat(look(new VmShelf(broken, VmSpec.builder().build(), Optional.of("golden"), 3, foreign -> {})))
                .isFalse();
    }

    @Test
    void aPoisonedGoldenOneIsGivenUpAndTakenAnew() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden"), 3, foreign -> {});
        assertThat(shelf.goldenToTake()).contains("golden");
        shelf.tookGolden(snapshot("golden"));
        shelf.restoreFailed("golden");
        shelf.restoreFailed("golden");
        assertThat(shelf.atHand().golden()).contains(new Snapshot("golden", AT, 2));
        shelf.discard("golden");
        assertThat(discarded).containsExactly("golden");
        assertThat(shelf.atHand().golden()).isEmpty();
        assertThat(shelf.goldenToTake()).contains("golden");
    }

    @Test
    void theLastCheckpointsAreKeptNewestFirst() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.empty(), 2, foreign -> {});
        for (String id : List.of("a", "b", "c")) {
            shelf.tookCheckpoint(snapshot(id));
        }
        assertThat(shelf.atHand().lastGood()).containsExactly(snapshot("c"), snapshot("b"));
        assertThat(discarded).containsExactly("a");
        assertThat(shelf.goldenToTake()).isEmpty();
    }

    @Test
    void failuresAreCountedUntilItIsRestored() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.empty(), 2, foreign -> {});
        shelf.tookCheckpoint(snapshot("a"));
        shelf.restoreFailed("a");
        shelf.restoreFailed("other");
        assertThat(shelf.atHand().lastGood()).containsExactly(new Snapshot("a", AT, 1));
        shelf.restored("a");
        assertThat(shelf.atHand().lastGood()).containsExactly(snapshot("a"));
    }

    @Test
    void withItsVmTheCheckpointsGoAndTheGoldenOneStays() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden"), 2, foreign -> {});
        shelf.tookGolden(snapshot("golden"));
        shelf.tookCheckpoint(snapshot("a"));
        shelf.end();
        shelf.end();
        assertThat(discarded).containsExactly("a");
        assertThat(shelf.atHand().golden()).isPresent();
    }
}
