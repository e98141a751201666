package vmette.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.vmm.VmmExit;

/**
 * One VM of a test kit, as a test sees it: what its guest does, and what befalls it. It is of a name, not of an incarnation: there is one before the VM is launched, and it
 * stays over recoveries. Thread-safe; what befalls a machine does so soon, on the kit's thread, and at once if a
 * script brings it about.
 */
public final class TestVm extends Scripted<TestVm> {
    private static final int MOST_FAILURES = 100;

    /** How a monitor fares whose guest is silent. */
    public enum Silence {
        /** It works: a guest that goes round in circles. */
        BUSY,
        /** It uses no processor time. */
        IDLE,
        /** It is stopped by a signal. */
        STOPPED
    }

    private final String name;
    private final KitTime time;
    private final Scripts everybodys;
    private Scripts own;
    private TestShelf shelf;
    private FakeMachine machine;
    private long number;
    private long ready;
    private Optional<String> restored = Optional.empty();
    private Duration bootTime = Duration.ZERO;
    private List<String> startFailures = List.of();
    private List<String> refusals = List.of();
    private int restoreFailures;
    private List<VmFailure> failures = List.of();

    TestVm(String name, KitTime time, Scripts everybodys) {
        this.name = name;
        this.time = time;
        this.everybodys = everybodys;
    }

    /** The VM's name. */
    public String name() {
        return name;
    }

    /** How many incarnations there were, the present one included. */
    public synchronized long incarnations() {
        return number;
    }

    /** Whether there is an incarnation whose monitor runs. */
    public synchronized boolean isRunning() {
        return machine != null && !machine.isOver();
    }

    /** Whether that incarnation is ready, as its supervisor knows it. */
    public synchronized boolean isReady() {
        return isRunning() && ready == number;
    }

    /** The snapshot that the present incarnation was restored from. */
    public synchronized Optional<String> restoredFrom() {
        return restored;
    }

    /** How its incarnations failed, oldest first; the last 100. */
    public synchronized List<VmFailure> failures() {
        return List.copyOf(failures);
    }

    // ---- faults of the incarnation that runs

    /** The monitor is killed. */
    public void crash() {
        befall(one -> one.exit(new VmmExit(VmmExit.Reason.CRASHED, 137, "killed by signal 9 (KILL)")));
    }

    /**
     * The guest's kernel panics.
     *
     * @param text what it says, after "Kernel panic - not syncing: "
     */
    public void panic(String text) {
        Objects.requireNonNull(text, "text");
        befall(one -> {
            one.print("Kernel panic - not syncing: " + text);
            one.exit(new VmmExit(VmmExit.Reason.GUEST_PANIC, 0, "the guest's kernel panicked"));
        });
    }

    /** The guest powers off. */
    public void powerOff() {
        befall(FakeMachine::powerOff);
    }

    /** The guest falls silent: nothing in it goes on, nothing is read or answered, until {@link #wake}. */
    public void hang(Silence how) {
        Objects.requireNonNull(how, "how");
        befall(one -> one.fallSilent(how));
    }

    /** A guest that was silent goes on where it was. */
    public void wake() {
        befall(FakeMachine::wake);
    }

    /** The agent says what is no frame. */
    public void tornFrame() {
        befall(FakeMachine::babble);
    }

    /** The oldest open connection that is not the agent's control connection is reset. Without one, nothing happens. */
    public void loseStream() {
        befall(one -> one.loseStream(connection -> true));
    }

    /** The same for connections to this port of the guest's, or of the host's; those of commands are to 1024. */
    public void loseStream(int port) {
        befall(one -> one.loseStream(connection ->
                connection.remote().port() == port || connection.local().port() == port));
    }

    /** A process that serves the monitor ends. */
    public void loseHelper() {
        befall(one -> one.loseHelper("virtiofsd of share work (the test kit's) ended with status 1"));
    }

    /** The vsock device breaks. */
    public void breakDevice(String reason) {
        Objects.requireNonNull(reason, "reason");
        befall(one -> one.breakDevice(reason));
    }

    /** A line on the guest's console. */
    public void print(String line) {
        Objects.requireNonNull(line, "line");
        befall(one -> one.print(line));
    }

    private void befall(Consumer<FakeMachine> fault) {
        FakeMachine present;
        synchronized (this) {
            present = machine;
        }
        if (present == null || present.isOver()) {
            throw new VmLostException("VM " + name + " of the test kit has no incarnation that runs: "
                    + (present == null ? "launch it first" : "wait for the next one"));
        }
        if (time.isOwnThread()) {
            fault.accept(present);
        } else {
            time.execute(() -> fault.accept(present));
        }
    }

    // ---- what is to come

    /** From the next boot on, the guest takes so long until its agent can be reached; at first no time. */
    public synchronized TestVm slowBoot(Duration duration) {
        if (duration.isNegative()) {
            throw new InvalidConfigException("a boot cannot take " + duration + ": time does not go back");
        }
        bootTime = duration;
        return this;
    }

    /** The agent refuses to boot, once; said twice, twice. */
    public synchronized TestVm refuseBoot(String text) {
        refusals = with(refusals, text);
        return this;
    }

    /** The machine cannot be made, once; said twice, twice. */
    public synchronized TestVm failStart(String text) {
        startFailures = with(startFailures, text);
        return this;
    }

    /** So many restores fail from now on, not negative. */
    public synchronized TestVm failRestores(int count) {
        if (count < 0) {
            throw new InvalidConfigException(count + " restores cannot fail: from 0 on");
        }
        restoreFailures = count;
        return this;
    }

    /** There is a snapshot of it, taken now. It holds nothing: an incarnation restored from it is as one that has booted. */
    public TestVm snapshot(String id) {
        shelf().add(Objects.requireNonNull(id, "id"), time.instant());
        return this;
    }

    /** There is a golden snapshot, taken now. */
    public TestVm golden(String id) {
        shelf().golden(Objects.requireNonNull(id, "id"), time.instant());
        return this;
    }

    private static List<String> with(List<String> list, String text) {
        List<String> longer = new ArrayList<>(list);
        longer.add(Objects.requireNonNull(text, "text"));
        return longer;
    }

    // ---- the kit's

    @Override
    synchronized Scripts scripts() {
        own = own == null ? new Scripts() : own;
        return own;
    }

    @Override
    TestVm self() {
        return this;
    }

    private synchronized Optional<Scripts> own() {
        return Optional.ofNullable(own);
    }

    Optional<Script> script(GuestCommand command) {
        return own().flatMap(mine -> mine.of(command)).or(() -> everybodys.of(command));
    }

    Optional<Script> vsockScript(int port) {
        return own().flatMap(mine -> mine.ofVsock(port)).or(() -> everybodys.ofVsock(port));
    }

    Optional<Script> tcpScript(int port) {
        return own().flatMap(mine -> mine.ofTcp(port)).or(() -> everybodys.ofTcp(port));
    }

    synchronized TestShelf shelf() {
        shelf = shelf == null ? new TestShelf() : shelf;
        return shelf;
    }

    synchronized long nextNumber(Optional<String> snapshot) {
        restored = snapshot;
        return ++number;
    }

    synchronized void present(FakeMachine one) {
        machine = one;
    }

    synchronized Duration bootTime() {
        return bootTime;
    }

    synchronized Optional<String> takeRefusal() {
        Optional<String> next = refusals.stream().findFirst();
        refusals = refusals.isEmpty() ? refusals : List.copyOf(refusals.subList(1, refusals.size()));
        return next;
    }

    synchronized Optional<String> takeStartFailure() {
        Optional<String> next = startFailures.stream().findFirst();
        startFailures =
                startFailures.isEmpty() ? startFailures : List.copyOf(startFailures.subList(1, startFailures.size()));
        return next;
    }

    synchronized boolean takeRestoreFailure() {
        boolean fails = restoreFailures > 0;
        restoreFailures -= fails ? 1 : 0;
        return fails;
    }

    synchronized void note(VmEvent event) {
        if (event instanceof VmEvent.BecameReady became) {
            ready = became.incarnation();
        } else if (event instanceof VmEvent.Failed failed) {
            List<VmFailure> longer = new ArrayList<>(failures);
            longer.add(failed.failure());
            failures = List.copyOf(longer.subList(Math.max(0, longer.size() - MOST_FAILURES), longer.size()));
        }
    }
}
