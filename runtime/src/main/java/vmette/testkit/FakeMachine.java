package vmette.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import vmette.machine.GuestSetup;
import vmette.machine.Machine;
import vmette.machine.Vitals;
import vmette.process.ProcessStat;
import vmette.vmm.FakeVmm;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;

/** One incarnation's machine: a monitor that is none, a vsock, and a guest that follows scripts. */
final class FakeMachine implements Machine {
    private static final long BYTES_PER_MIB = 1 << 20;
    private static final int BUSY_TICKS = 100;

    private final KitTime time;
    private final TestVm vm;
    private final long number;
    private final long memoryMib;
    private final Optional<String> refusal;
    private final Instant begun;
    private final FakeVmm vmm = new FakeVmm();
    private final FakeVsock vsock;
    private final FakeGuest guest;
    private final CompletableFuture<String> broken = new CompletableFuture<>();
    private final CompletableFuture<String> helperLost = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> closed = new CompletableFuture<>();
    private volatile CompletionStage<Void> started = CompletableFuture.completedStage(null);
    private volatile Optional<TestVm.Silence> silence = Optional.empty();
    private final AtomicLong cpuTicks = new AtomicLong();
    // Of the kit's thread.
    private List<Runnable> parked = List.of();
    private GuestDisk disk;
    private boolean over;

    FakeMachine(KitTime time, TestVm vm, long number, long memoryMib, Optional<String> refusal) {
        this.time = time;
        this.vm = vm;
        this.number = number;
        this.memoryMib = memoryMib;
        this.refusal = refusal;
        this.begun = time.instant();
        this.guest = new FakeGuest(this);
        this.vsock = new FakeVsock(time, guest);
    }

    TestVm vm() {
        return vm;
    }

    long number() {
        return number;
    }

    long memoryBytes() {
        return memoryMib * BYTES_PER_MIB;
    }

    GuestDisk disk() {
        disk = disk == null ? new GuestDisk(time) : disk;
        return disk;
    }

    /** Why the agent does not boot, if so. */
    Optional<String> refusal() {
        return refusal;
    }

    Duration uptime() {
        Duration since = Duration.between(begun, time.instant());
        return since.isNegative() ? Duration.ZERO : since;
    }

    /** The monitor starts; the guest's driver is there so much later. */
    void boot(Duration boot) {
        started = vmm.start();
        if (boot.isZero()) {
            vsock.comeUp();
        } else {
            later(boot, vsock::comeUp);
        }
    }

    /** Has the guest do something in so long, or once it hangs no more. */
    Runnable later(Duration delay, Runnable task) {
        return time.later(delay, () -> {
            if (isOver()) {
                return;
            }
            if (vsock.isAwake()) {
                task.run();
            } else {
                parked = parked.isEmpty() ? new ArrayList<>() : parked;
                parked.add(task);
            }
        });
    }

    // ---- what happens to it

    /** The monitor ends, and with it all there is; the runtime is told of the exit first. */
    void exit(VmmExit exit) {
        vmm.exit(exit);
        endGuest();
    }

    private void endGuest() {
        guest.end();
        vsock.close();
        parked = List.of();
    }

    void print(String line) {
        vmm.print(line);
    }

    void powerOff() {
        exit(new VmmExit(VmmExit.Reason.GUEST_POWEROFF, 0, "the guest powered off"));
    }

    void fallSilent(TestVm.Silence kind) {
        silence = Optional.of(kind);
        vsock.setAwake(false);
    }

    void wake() {
        silence = Optional.empty();
        vsock.setAwake(true);
        List<Runnable> tasks = parked;
        parked = List.of();
        tasks.forEach(Runnable::run);
    }

    void babble() {
        guest.babble();
    }

    boolean loseStream(Predicate<FakeConnection> which) {
        return vsock.loseOne(
                connection -> !guest.isControl(connection) && which.test(connection), "the test kit has reset it");
    }

    void breakDevice(String reason) {
        broken.complete(reason);
    }

    void loseHelper(String how) {
        helperLost.complete(how);
    }

    boolean isOver() {
        return vmm.hasExited();
    }

    // ---- what the runtime sees

    @Override
    public FakeVsock vsock() {
        return vsock;
    }

    @Override
    public CompletionStage<Void> started() {
        return started;
    }

    @Override
    public CompletionStage<VmmExit> exited() {
        return vmm.whenExited();
    }

    @Override
    public CompletionStage<String> broken() {
        return broken.minimalCompletionStage();
    }

    @Override
    public CompletionStage<String> helperLost() {
        return helperLost.minimalCompletionStage();
    }

    /** There is none. */
    @Override
    public List<Long> processes() {
        return List.of();
    }

    @Override
    public Vitals vitals() {
        Optional<TestVm.Silence> now = silence;
        char state = now.equals(Optional.of(TestVm.Silence.STOPPED)) ? 'T' : now.isPresent() ? 'R' : 'S';
        long ticks = now.isEmpty()
                ? cpuTicks.incrementAndGet()
                : cpuTicks.addAndGet(now.get() == TestVm.Silence.BUSY ? BUSY_TICKS : 0);
        return new Vitals(Optional.of(new ProcessStat(number, state, ticks, 0)), vmm.isPaused(), vsock.payloads(), 0);
    }

    @Override
    public List<String> consoleTail() {
        return vmm.consoleTail();
    }

    @Override
    public VmmCapabilities capabilities() {
        return vmm.capabilities();
    }

    @Override
    public GuestSetup setup() {
        return GuestSetup.NONE;
    }

    @Override
    public CompletionStage<VmmExit> close() {
        time.execute(() -> {
            if (!over) {
                over = true;
                vmm.quit();
                endGuest();
                closed.complete(vmm.whenExited().toCompletableFuture().getNow(null));
            }
        });
        return closed.minimalCompletionStage();
    }
}
