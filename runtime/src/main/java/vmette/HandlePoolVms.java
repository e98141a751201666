package vmette;

import java.util.concurrent.CompletionStage;
import vmette.pool.PoolVms;

/** VMs as a pool has them. */
record HandlePoolVms(PoolSource source) implements PoolVms<VmHandle> {
    @Override
    public CompletionStage<VmHandle> next() {
        return source.next();
    }

    @Override
    public CompletionStage<?> ended(VmHandle vm) {
        return vm.ended();
    }

    @Override
    public boolean hasEnded(VmHandle vm) {
        return vm.hasEnded();
    }

    @Override
    public void stop(VmHandle vm) {
        vm.stop();
    }

    @Override
    public long incarnation(VmHandle vm) {
        return vm.incarnation();
    }

    @Override
    public String name(VmHandle vm) {
        return vm.name();
    }
}
