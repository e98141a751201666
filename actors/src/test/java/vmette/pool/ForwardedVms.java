package vmette.pool;

import java.util.concurrent.CompletionStage;

/** As others, but for where they come from. */
abstract class ForwardedVms implements PoolVms<FakeVms.Vm> {
    private final FakeVms vms;

    ForwardedVms(FakeVms vms) {
        this.vms = vms;
    }

    @Override
    public CompletionStage<?> ended(FakeVms.Vm vm) {
        return vms.ended(vm);
    }

    @Override
    public boolean hasEnded(FakeVms.Vm vm) {
        return vms.hasEnded(vm);
    }

    @Override
    public void stop(FakeVms.Vm vm) {
        vms.stop(vm);
    }

    @Override
    public long incarnation(FakeVms.Vm vm) {
        return vms.incarnation(vm);
    }

    @Override
    public String name(FakeVms.Vm vm) {
        return vms.name(vm);
    }
}
