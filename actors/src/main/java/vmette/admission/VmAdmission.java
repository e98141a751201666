package vmette.admission;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One VM's way in. Thread-safe; nothing blocks. */
public interface VmAdmission {
    /** Of a VM that may always come up. */
    VmAdmission OPEN = new VmAdmission() {
        @Override
        public CompletionStage<Void> enter() {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void settled() {}

        @Override
        public void cancel() {}

        @Override
        public void vacate() {}

        @Override
        public void end() {}
    };

    /**
     * Asks that the VM may come up, for the first time or again; not before {@link #settled} if it has asked before.
     *
     * @return completes when it may; fails with an {@link vmette.errors.AdmissionRefusedException}, or another {@code VmetteException}
     */
    CompletionStage<Void> enter();

    /** It is up, or what came up is gone: another may come up. */
    void settled();

    /** What waits in {@link #enter}, or would be the first to, fails. */
    void cancel();

    /** There is nothing of it that takes memory, until it enters again, for which it waits like any other but is never refused. */
    void vacate();

    /** The VM has ended, and its memory is free. Nothing follows. */
    void end();
}
