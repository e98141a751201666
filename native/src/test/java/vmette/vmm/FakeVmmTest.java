package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FakeVmmTest extends VmmContract {
    @Override
    protected Vmm create() {
        return new FakeVmm();
    }

    @Override
    protected Vmm createSaveable() {
        return new FakeVmm();
    }

    @Override
    protected Vmm createUnstartable() {
        return new FakeVmm(FakeVmm.Script.FAILS);
    }

    @Override
    protected void crash(Vmm vmm) {
        ((FakeVmm) vmm).crash();
    }

    @Test
    void hangingStartCompletesWhenTold() throws Exception {
        FakeVmm vmm = new FakeVmm(FakeVmm.Script.HANGS);
        track(vmm);
        var start = vmm.start().toCompletableFuture();
        assertThat(start).isNotDone();
        vmm.completeStart();
        await(start);
        await(vmm.pause());
        assertThat(vmm.isPaused()).isTrue();
    }

    @Test
    void scriptedExitAndConsoleAreSeen() throws Exception {
        FakeVmm vmm = new FakeVmm();
        await(vmm.start());
        vmm.print("hello");
        vmm.exit(new VmmExit(VmmExit.Reason.GUEST_POWEROFF, 0, "off"));
        vmm.crash();
        assertThat(await(vmm.whenExited()).reason()).isEqualTo(VmmExit.Reason.GUEST_POWEROFF);
        assertThat(vmm.consoleTail()).containsExactly("hello");
    }

    @Test
    void canRefuseToDie() throws Exception {
        FakeVmm vmm = new FakeVmm();
        await(vmm.start());
        vmm.ignoreQuit();
        vmm.quit();
        assertThat(vmm.quits()).isEqualTo(1);
        assertThat(vmm.whenExited().toCompletableFuture()).isNotDone();
    }
}
