package vmette.vmm;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/**
 * What every {@link Vmm} that is a process has: it starts once, is told to quit once, may be killed at any time and ends once, and its last words are kept. What a
 * monitor does at each of these is its own. Thread-safe; nothing of anybody else's is called under its lock.
 */
public final class MonitorLife {
    private static final int TAIL_LINES = 100;
    private static final int TAIL_CHARS = 32 * 1024;
    private static final int NO_STATUS = -1;

    private final String vm;
    private final ConsoleTail console = new ConsoleTail(TAIL_LINES, TAIL_CHARS);
    private final CompletableFuture<Void> running = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> exited = new CompletableFuture<>();

    private final Object lock = new Object();
    private boolean startCalled;
    private boolean quitRequested;
    private boolean killRequested;
    private Process process;

    /**
     * Of a monitor that has not been started.
     *
     * @param vm its name
     */
    public MonitorLife(String vm) {
        this.vm = vm;
    }

    /**
     * Starts it, unless it was told to quit before.
     *
     * @param begin begins to start it; does not block
     * @return for {@link Vmm#start}
     */
    public CompletionStage<Void> start(Runnable begin) {
        boolean told;
        synchronized (lock) {
            if (startCalled) {
                return CompletableFuture.failedFuture(new IllegalStateException("VM " + vm + " was started before"));
            }
            startCalled = true;
            told = quitRequested;
        }
        if (!told) {
            begin.run();
        }
        return running.minimalCompletionStage();
    }

    /**
     * Does, the first time, what there is to be done.
     *
     * @param neverStarted if it was not started, and will not be; has to call {@link #notStarted}
     * @param end if it was; it may have ended meanwhile
     */
    public void quit(Runnable neverStarted, Runnable end) {
        boolean started;
        synchronized (lock) {
            if (quitRequested) {
                return;
            }
            quitRequested = true;
            started = startCalled;
        }
        (started ? end : neverStarted).run();
    }

    /** Whether {@link #quit} was called. */
    public boolean isToldToQuit() {
        synchronized (lock) {
            return quitRequested;
        }
    }

    /** There is a process, which is killed at once if that was asked for before. */
    public void spawned(Process child) {
        boolean kill;
        synchronized (lock) {
            process = child;
            kill = killRequested;
        }
        if (kill) {
            kill();
        }
    }

    /** Kills the process, or what will be it. */
    public void kill() {
        Process victim;
        synchronized (lock) {
            killRequested = true;
            victim = process;
        }
        if (victim != null && victim.isAlive()) {
            // Not by the Process, which would take its last words away.
            victim.toHandle().destroyForcibly();
        }
    }

    /** The guest runs, as far as the monitor tells. */
    public void runs() {
        running.complete(null);
    }

    /** The guest will not run; without an effect if it does. {@link #exited} has still to follow. */
    public void startFailed(VmetteException reason) {
        running.completeExceptionally(reason);
    }

    /** There is no process any more; the first time counts. Before this it either has run or has failed to start. */
    public void exited(VmmExit exit) {
        exited.complete(exit);
    }

    /** Both of it, with no status to tell: there never was a process, or it was given up. */
    public void notStarted(VmetteException reason) {
        startFailed(reason);
        VmmExit.Reason why = isToldToQuit() ? VmmExit.Reason.REQUESTED : VmmExit.Reason.NOT_STARTED;
        exited(new VmmExit(why, NO_STATUS, reason.getMessage()));
    }

    /** Whether the guest has run. */
    public boolean hasRun() {
        return running.isDone() && !running.isCompletedExceptionally();
    }

    /**
     * Why nothing can be asked of the guest.
     *
     * @param what is asked
     * @return empty while it runs; else {@link IllegalStateException} before, and {@link VmLostException} after
     */
    public Optional<RuntimeException> refusal(String what) {
        if (exited.isDone()) {
            return Optional.of(new VmLostException(
                    "VM " + vm + " is gone (" + exited.join().detail() + "): " + what + " is not possible"));
        }
        if (!hasRun()) {
            return Optional.of(new IllegalStateException("VM " + vm + " does not run: " + what + " is not possible"));
        }
        return Optional.empty();
    }

    /** For {@link Vmm#whenExited}. */
    public CompletionStage<VmmExit> whenExited() {
        return exited.minimalCompletionStage();
    }

    /** For {@link Vmm#pid}. */
    public OptionalLong pid() {
        synchronized (lock) {
            return process != null && process.isAlive() ? OptionalLong.of(process.pid()) : OptionalLong.empty();
        }
    }

    /** What it has written; for {@link Vmm#consoleTail} and for whoever reads its output. */
    public ConsoleTail console() {
        return console;
    }
}
