package vmette.testkit;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import vmette.Machinery;
import vmette.actors.Supervision;
import vmette.actors.VmEvent;
import vmette.config.VmSpec;
import vmette.errors.RestoreFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.journal.Journal;
import vmette.machine.Machine;
import vmette.process.RuntimeDirectory;
import vmette.recovery.RecoveryPolicy;
import vmette.vsock.VsockHost;

/** Makes the machines of a kit. */
final class FakeMachines implements Machinery {
    private final KitTime time;
    private final Function<String, TestVm> vms;
    private final DoubleSupplier random;
    private final Consumer<VmEvent> events;

    FakeMachines(KitTime time, Function<String, TestVm> vms, DoubleSupplier random, Consumer<VmEvent> events) {
        this.time = time;
        this.vms = vms;
        this.random = random;
        this.events = events;
    }

    @Override
    public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
        TestVm vm = vms.apply(name);
        Optional<String> reason = vm.takeStartFailure();
        return reason.isPresent()
                ? CompletableFuture.failedStage(
                        new StartFailedException("VM " + name + " could not be started: " + reason.get()))
                : make(vm, spec, Optional.empty(), beforeBoot);
    }

    @Override
    public CompletionStage<Machine> restore(VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        TestVm vm = vms.apply(name);
        return vm.takeRestoreFailure()
                ? CompletableFuture.failedStage(new RestoreFailedException(
                        "VM " + name + " could not be restored from " + snapshot + ": the test kit was told so", null))
                : make(vm, spec, Optional.of(snapshot), beforeRun);
    }

    private CompletionStage<Machine> make(
            TestVm vm, VmSpec spec, Optional<String> snapshot, Consumer<VsockHost> beforeBoot) {
        CompletableFuture<Machine> made = new CompletableFuture<>();
        time.execute(() -> {
            FakeMachine machine =
                    new FakeMachine(time, vm, vm.nextNumber(snapshot), spec.memoryMib(), vm.takeRefusal());
            try {
                beforeBoot.accept(machine.vsock());
            } catch (VmetteException e) {
                made.completeExceptionally(e);
                return;
            }
            vm.present(machine);
            machine.boot(vm.bootTime());
            made.complete(machine);
        });
        return made;
    }

    @Override
    public CompletionStage<RuntimeDirectory> directory() {
        return CompletableFuture.failedStage(new StartFailedException(
                "VMs of the test kit cannot be published: there is no machine that another process could reach"));
    }

    @Override
    public CompletionStage<Journal> journal() {
        return CompletableFuture.failedStage(new StartFailedException("VMs of the test kit have no journal"));
    }

    @Override
    public Supervision supervision(String name, RecoveryPolicy policy) {
        TestVm vm = vms.apply(name);
        return new Supervision(policy, vm.shelf(), time, random).withEvents(event -> {
            vm.note(event);
            events.accept(event);
        });
    }

    /** The kit's own end follows. */
    @Override
    public void close() {}
}
