package vmette;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.actors.Supervision;
import vmette.config.VmSpec;
import vmette.journal.Journal;
import vmette.machine.GoldenLook;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.machine.QemuMachines;
import vmette.process.RuntimeDirectory;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Snapshot;
import vmette.vsock.VsockHost;

/** What a runtime makes its VMs with. QEMU's is its own; {@code vmette.testkit} brings another. Thread-safe; nothing blocks but the end. */
public interface Machinery extends MachineFactory, AutoCloseable {
    /** The directory of this runtime, by which other processes find its VMs; fails where there is none. */
    CompletionStage<RuntimeDirectory> directory();

    /** Where what happens to VMs is written, once there is a first machine; fails where nothing is. */
    CompletionStage<Journal> journal();

    /**
     * What a VM's supervisor decides by.
     *
     * @param vm its name
     * @param policy of the runtime's settings
     */
    default Supervision supervision(String vm, RecoveryPolicy policy) {
        return Supervision.by(policy);
    }

    /** Ends what is left of the machines. Idempotent. */
    @Override
    void close();

    /** QEMU's. */
    static Machinery of(QemuMachines machines) {
        return new Machinery() {
            @Override
            public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
                return machines.begin(spec, name, beforeBoot);
            }

            @Override
            public CompletionStage<Machine> begin(
                    VmSpec spec, String name, Consumer<VsockHost> beforeBoot, CompletionStage<?> unwanted) {
                return machines.begin(spec, name, beforeBoot, unwanted);
            }

            @Override
            public CompletionStage<Machine> restore(
                    VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
                return machines.restore(spec, name, snapshot, beforeRun);
            }

            @Override
            public Snapshot find(String id, VmSpec spec) {
                return machines.find(id, spec);
            }

            @Override
            public CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
                return machines.lookAt(id, spec);
            }

            @Override
            public void discard(String id) {
                machines.discard(id);
            }

            @Override
            public CompletionStage<RuntimeDirectory> directory() {
                return machines.directory();
            }

            @Override
            public CompletionStage<Journal> journal() {
                return machines.journal();
            }

            @Override
            public void close() {
                machines.close();
            }
        };
    }
}
