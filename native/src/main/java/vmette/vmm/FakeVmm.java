package vmette.vmm;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.SaveFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/**
 * A {@link Vmm} without a machine, for tests of what supervises one. It does what a test tells it: by default it starts
 * at once and runs until told to end. It passes the same tests as QEMU's.
 */
public final class FakeVmm implements Vmm {
    /** What {@link #start} does by itself. */
    public enum Script {
        /** The guest runs at once. */
        STARTS,
        /** The start stays pending until {@link #completeStart} or {@link #failStart}. */
        HANGS,
        /** The start fails at once. */
        FAILS
    }

    private enum State {
        NEW,
        STARTING,
        RUNNING,
        PAUSED,
        EXITED
    }

    private static final int MOST_LINES = 100;
    private static final VmmCapabilities CAPABILITIES = new VmmCapabilities("none", false, true, "fake");
    private static final byte[] STATE = "the state of a fake".getBytes(StandardCharsets.US_ASCII);

    private final Script script;
    private final CompletableFuture<Void> running = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> exited = new CompletableFuture<>();
    private List<String> console = List.of();
    private State state = State.NEW;
    private boolean startCalled;
    private boolean quitIgnored;
    private int quits;

    /** A fake that starts at once. */
    public FakeVmm() {
        this(Script.STARTS);
    }

    /** A fake whose start follows a script. */
    public FakeVmm(Script script) {
        this.script = script;
    }

    @Override
    public synchronized CompletionStage<Void> start() {
        if (startCalled) {
            return CompletableFuture.failedFuture(new IllegalStateException("started before"));
        }
        startCalled = true;
        if (state == State.NEW) {
            state = State.STARTING;
            switch (script) {
                case STARTS -> completeStart();
                case FAILS -> failStart(new StartFailedException("the fake was told not to start"));
                case HANGS -> {}
            }
        }
        return running.minimalCompletionStage();
    }

    /** Lets a hanging start succeed. */
    public synchronized void completeStart() {
        if (state == State.STARTING) {
            state = State.RUNNING;
            running.complete(null);
        }
    }

    /** Lets a hanging start fail; the fake has then exited as NOT_STARTED. */
    public synchronized void failStart(VmetteException reason) {
        running.completeExceptionally(reason);
        exit(new VmmExit(VmmExit.Reason.NOT_STARTED, 1, reason.getMessage()));
    }

    /** Ends the process as a scripted guest, crash or kill would. The first end counts. */
    public synchronized void exit(VmmExit exit) {
        if (state != State.EXITED) {
            state = State.EXITED;
            running.completeExceptionally(new StartFailedException("the fake ended: " + exit.detail()));
            exited.complete(exit);
        }
    }

    /** Ends the process as kill -9 would. */
    public void crash() {
        exit(new VmmExit(VmmExit.Reason.CRASHED, 137, "killed"));
    }

    /** From now on {@link #quit} is counted and nothing more, as with a process that does not die. */
    public synchronized void ignoreQuit() {
        quitIgnored = true;
    }

    /** Adds a line to the console, which keeps the last 100. */
    public synchronized void print(String line) {
        List<String> longer = new ArrayList<>(console);
        longer.add(line);
        console = List.copyOf(longer.subList(Math.max(0, longer.size() - MOST_LINES), longer.size()));
    }

    /** How often {@link #quit} was called. */
    public synchronized int quits() {
        return quits;
    }

    @Override
    public synchronized boolean isPaused() {
        return state == State.PAUSED;
    }

    @Override
    public CompletionStage<Void> pause() {
        return change(State.PAUSED);
    }

    @Override
    public CompletionStage<Void> resume() {
        return change(State.RUNNING);
    }

    private synchronized CompletionStage<Void> change(State wanted) {
        switch (state) {
            case NEW, STARTING -> {
                return CompletableFuture.failedFuture(new IllegalStateException("does not run"));
            }
            case EXITED -> {
                return CompletableFuture.failedFuture(new VmLostException("the fake is gone"));
            }
            case RUNNING, PAUSED -> state = wanted;
        }
        return CompletableFuture.completedFuture(null);
    }

    /** The sink is called at once, by the caller, and gets a few bytes. A fake has no memory. */
    @Override
    public CompletionStage<Void> snapshot(SnapshotOrder order, SnapshotSink sink) {
        synchronized (this) {
            switch (state) {
                case NEW, STARTING -> {
                    return CompletableFuture.failedFuture(new IllegalStateException("does not run"));
                }
                case EXITED -> {
                    return CompletableFuture.failedFuture(new VmLostException("the fake is gone"));
                }
                case PAUSED -> {
                    return CompletableFuture.failedFuture(
                            new SaveFailedException("the fake is paused: resume it first", null));
                }
                case RUNNING -> state = State.PAUSED;
            }
        }
        try {
            if (!order.overlays().isEmpty()) {
                sink.disksFrozen();
            }
            sink.state(new ByteArrayInputStream(STATE));
            sink.standsStill();
        } catch (RuntimeException e) {
            goOn();
            return CompletableFuture.failedFuture(
                    e instanceof SaveFailedException ? e : new SaveFailedException("the fake: " + e.getMessage(), e));
        }
        if (order.thenQuit()) {
            quit();
        } else {
            goOn();
        }
        return CompletableFuture.completedFuture(null);
    }

    private synchronized void goOn() {
        if (state == State.PAUSED) {
            state = State.RUNNING;
        }
    }

    @Override
    public synchronized void quit() {
        quits++;
        if (!quitIgnored) {
            exit(new VmmExit(VmmExit.Reason.REQUESTED, startCalled ? 0 : -1, "ended on request"));
        }
    }

    @Override
    public CompletionStage<VmmExit> whenExited() {
        return exited.minimalCompletionStage();
    }

    /** Whether it has. */
    public boolean hasExited() {
        return exited.isDone();
    }

    /** There is no process. */
    @Override
    public OptionalLong pid() {
        return OptionalLong.empty();
    }

    @Override
    public synchronized List<String> consoleTail() {
        return console;
    }

    @Override
    public VmmCapabilities capabilities() {
        return CAPABILITIES;
    }
}
