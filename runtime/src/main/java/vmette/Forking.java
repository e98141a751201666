package vmette;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;

/** Makes clones of a running VM by way of a snapshot without a name, which goes with the last that needs it. Thread-safe. */
final class Forking {
    private static final AtomicLong NUMBERS = new AtomicLong();

    private final Vmette vmette;
    private final Machinery machines;

    Forking(Vmette vmette, Machinery machines) {
        this.vmette = vmette;
        this.machines = machines;
    }

    CompletionStage<List<VmHandle>> fork(VmHandle vm, int clones) {
        // Whoever saves it must not be kept by the files that are read.
        return vm.snapshotUnnamed().thenComposeAsync(report -> {
            CompletionStage<List<VmHandle>> made;
            try {
                made = restore(vm, report.snapshot(), clones);
            } catch (RuntimeException | Error e) {
                machines.discard(report.snapshot());
                throw e;
            }
            made.whenComplete((all, failure) -> machines.discard(report.snapshot()));
            return made;
        });
    }

    private CompletionStage<List<VmHandle>> restore(VmHandle vm, String snapshot, int clones) {
        List<CompletableFuture<VmHandle>> coming = Stream.generate(() -> spec(vm))
                .limit(clones)
                .map(spec -> vmette.restore(spec, snapshot).toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(coming.toArray(CompletableFuture[]::new))
                .handle((done, failure) -> Optional.ofNullable(failure))
                .thenCompose(failure -> failure.isEmpty()
                        ? CompletableFuture.completedStage(
                                coming.stream().map(CompletableFuture::join).toList())
                        : gone(coming, failure.get()));
    }

    /** All clones or none. */
    private static CompletionStage<List<VmHandle>> gone(List<CompletableFuture<VmHandle>> coming, Throwable reason) {
        CompletableFuture<?>[] ends = coming.stream()
                .filter(each -> !each.isCompletedExceptionally())
                .map(each -> each.join().stop().toCompletableFuture())
                .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(ends).thenCompose(done -> CompletableFuture.failedStage(reason));
    }

    private static VmSpec spec(VmHandle vm) {
        VmSpecBuilder clone = vm.spec().toBuilder().publish(List.of());
        String suffix = "-fork-" + NUMBERS.incrementAndGet();
        String name = vm.name();
        return clone.name(name.substring(0, Math.min(name.length(), MOST_NAME - suffix.length())) + suffix)
                .build();
    }

    /** See {@link VmSpec#name}. */
    private static final int MOST_NAME = 63;
}
