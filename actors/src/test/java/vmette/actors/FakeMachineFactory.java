package vmette.actors;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import vmette.config.VmSpec;
import vmette.machine.GoldenLook;
import vmette.machine.GuestSetup;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.stream.Await;
import vmette.vsock.VsockHost;

/** Makes fake machines, at once unless a test wants to do so itself. */
final class FakeMachineFactory implements MachineFactory {
    private final BlockingQueue<Begun> begun = new LinkedBlockingQueue<>();
    /** Of what was begun, in its order: completes when nobody wants it any more. */
    final BlockingQueue<CompletionStage<?>> unwanted = new LinkedBlockingQueue<>();

    volatile boolean makesAtOnce = true;
    volatile boolean restores = true;
    /** Of machines that come from a snapshot. */
    volatile GuestSetup restored = GuestSetup.NONE;

    volatile RuntimeException failure;
    volatile Error error;

    /** One call of {@link #begin}, or of {@link #restore} with a snapshot. */
    record Begun(
            VmSpec spec,
            String name,
            Optional<String> snapshot,
            Consumer<VsockHost> beforeBoot,
            FakeMachine machine,
            CompletableFuture<Machine> made) {
        void make() {
            beforeBoot.accept(machine.vsock());
            made.complete(machine);
        }
    }

    @Override
    public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
        return begin(spec, name, Optional.empty(), beforeBoot);
    }

    @Override
    public CompletionStage<Machine> begin(
            VmSpec spec, String name, Consumer<VsockHost> beforeBoot, CompletionStage<?> given) {
        unwanted.add(given);
        return begin(spec, name, beforeBoot);
    }

    @Override
    public CompletionStage<Machine> restore(VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        return restores
                ? begin(spec, name, Optional.of(snapshot), beforeRun)
                : MachineFactory.super.restore(spec, name, snapshot, beforeRun);
    }

    /** What a look at a golden snapshot shows. */
    volatile CompletionStage<GoldenLook> look = CompletableFuture.completedStage(GoldenLook.NONE);

    @Override
    public CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
        return look;
    }

    final List<String> discarded = new CopyOnWriteArrayList<>();

    @Override
    public void discard(String id) {
        discarded.add(id);
    }

    private CompletionStage<Machine> begin(
            VmSpec spec, String name, Optional<String> snapshot, Consumer<VsockHost> beforeBoot) {
        if (error != null) {
            throw error;
        }
        if (failure != null) {
            throw failure;
        }
        Begun next = new Begun(spec, name, snapshot, beforeBoot, new FakeMachine(), new CompletableFuture<>());
        if (snapshot.isPresent()) {
            next.machine().setup = restored;
        }
        if (makesAtOnce) {
            next.make();
        }
        begun.add(next);
        return next.made();
    }

    Begun nextBegun() {
        return Await.next(begun, "machine begun");
    }

    FakeMachine next() {
        return nextBegun().machine();
    }

    boolean hasBegun() {
        return !begun.isEmpty();
    }
}
