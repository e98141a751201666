package vmette;

import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.actors.VmEnd;

/**
 * Where clones come from, and what becomes of them. Thread-safe; nothing blocks.
 *
 * @param <V> a clone; the same is equal to no other
 */
interface ForkVms<V> {
    CompletionStage<List<V>> fork(int n);

    /** Completes when nothing of it is left, never exceptionally. */
    CompletionStage<VmEnd> ended(V vm);

    /** Ends it; idempotent. */
    void stop(V vm);

    /** For messages. */
    String name(V vm);

    /** VMs as they are. */
    static ForkVms<VmHandle> of(Forker forker) {
        return new ForkVms<>() {
            @Override
            public CompletionStage<List<VmHandle>> fork(int n) {
                return forker.fork(n);
            }

            @Override
            public CompletionStage<VmEnd> ended(VmHandle vm) {
                return vm.ended();
            }

            @Override
            public void stop(VmHandle vm) {
                vm.stop();
            }

            @Override
            public String name(VmHandle vm) {
                return vm.name();
            }
        };
    }
}
