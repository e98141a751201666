package vmette.actors;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import vmette.machine.GuestSetup;
import vmette.machine.Machine;
import vmette.machine.SaveReport;
import vmette.machine.Vitals;
import vmette.stream.FakeVsockHost;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;

/** A machine whose monitor and device do what the test says. */
final class FakeMachine implements Machine {
    static final VmmCapabilities CAPABILITIES = new VmmCapabilities("tcg", false, false, "fake");
    static final VmmExit QUIT = new VmmExit(VmmExit.Reason.REQUESTED, 0, "asked to quit");

    final FakeVsockHost vsock = new FakeVsockHost();
    final CompletableFuture<Void> started = new CompletableFuture<>();
    final CompletableFuture<VmmExit> exited = new CompletableFuture<>();
    final CompletableFuture<String> broken = new CompletableFuture<>();
    final CompletableFuture<String> helperLost = new CompletableFuture<>();
    final List<Long> processes = new CopyOnWriteArrayList<>();
    final List<String> console = new CopyOnWriteArrayList<>();
    volatile Vitals vitals = new Vitals(Optional.empty(), false, 0, 0);
    volatile Supplier<VmmCapabilities> capabilities = () -> CAPABILITIES;
    volatile boolean closesAtOnce = true;
    volatile GuestSetup setup = GuestSetup.NONE;
    private volatile Runnable beforeConsole = () -> {};
    private volatile Runnable beforeVitals = () -> {};

    /** One call of {@link #save}. */
    record Asked(String snapshot, boolean thenEnd, Runnable goesOn, CompletableFuture<SaveReport> answer) {}

    final BlockingQueue<Asked> saves = new LinkedBlockingQueue<>();

    private final CompletableFuture<Void> closeAsked = new CompletableFuture<>();
    private final CompletableFuture<Void> closedAgain = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> gone = new CompletableFuture<>();
    private final AtomicInteger closes = new AtomicInteger();

    @Override
    public FakeVsockHost vsock() {
        return vsock;
    }

    @Override
    public CompletionStage<Void> started() {
        return started;
    }

    @Override
    public CompletionStage<VmmExit> exited() {
        return exited;
    }

    @Override
    public CompletionStage<String> broken() {
        return broken;
    }

    @Override
    public CompletionStage<String> helperLost() {
        return helperLost;
    }

    @Override
    public List<Long> processes() {
        return List.copyOf(processes);
    }

    @Override
    public Vitals vitals() {
        beforeVitals.run();
        return vitals;
    }

    /** Runs before the vitals are next asked for, by whoever asks. */
    void beforeVitals(Runnable action) {
        beforeVitals = action;
    }

    /** Runs before the console is next asked for, by whoever asks. */
    void beforeConsole(Runnable action) {
        beforeConsole = action;
    }

    @Override
    public List<String> consoleTail() {
        beforeConsole.run();
        return List.copyOf(console);
    }

    @Override
    public CompletionStage<SaveReport> save(String snapshot, boolean thenEnd, Runnable goesOn) {
        Asked asked = new Asked(snapshot, thenEnd, goesOn, new CompletableFuture<>());
        saves.add(asked);
        return asked.answer();
    }

    @Override
    public GuestSetup setup() {
        return setup;
    }

    @Override
    public VmmCapabilities capabilities() {
        return capabilities.get();
    }

    @Override
    public CompletionStage<VmmExit> close() {
        if (closes.incrementAndGet() > 1) {
            closedAgain.complete(null);
        }
        closeAsked.complete(null);
        if (closesAtOnce) {
            finishClose();
        }
        return gone;
    }

    /** Nothing of it is left. */
    void finishClose() {
        vsock.resetAll();
        exited.complete(QUIT);
        gone.complete(exited.join());
    }

    void exit(VmmExit.Reason reason, int code, String detail) {
        exited.complete(new VmmExit(reason, code, detail));
    }

    CompletionStage<Void> closeAsked() {
        return closeAsked;
    }

    /** Completes at the second call of {@link #close}: an instance's last act when it stops. */
    CompletionStage<Void> closedAgain() {
        return closedAgain;
    }

    boolean isClosed() {
        return closes.get() > 0;
    }
}
