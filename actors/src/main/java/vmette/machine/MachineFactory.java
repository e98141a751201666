package vmette.machine;

import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.config.VmSpec;
import vmette.vsock.VsockHost;

/** Makes machines. Thread-safe; nothing blocks the caller. */
@FunctionalInterface
public interface MachineFactory {
    /**
     * Makes a machine and lets its guest boot.
     *
     * @param spec what it is to be
     * @param name for its directory and messages
     * @param beforeBoot called with its vsock before the guest's first instruction, on a thread of the factory
     * @return the machine, as soon as its process is being spawned; fails with a {@code VmetteException}, having left nothing
     */
    CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot);
}
