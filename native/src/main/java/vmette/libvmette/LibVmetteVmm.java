package vmette.libvmette;

import java.io.File;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.NotSupportedException;
import vmette.errors.Reasons;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.process.ChildPurpose;
import vmette.process.ChildSpawner;
import vmette.vmm.SnapshotOrder;
import vmette.vmm.SnapshotSink;
import vmette.vmm.Vmm;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;

/**
 * A VM in a process that runs it through the C ABI. It boots, runs its command, and powers off; {@link #ended} says how.
 *
 * <p>What the ABI has no function for is refused: pause and resume with {@link NotSupportedException}, snapshots with {@link
 * SnapshotUnsupportedException}. The guest's vsock device is the library's, with nothing for a host's program to take its connections by,
 * so that no agent of ours can be reached. The console is the command's output. {@link #quit} kills the process; what helpers the
 * library has started are the library's to end.
 */
public final class LibVmetteVmm implements Vmm {
    private static final Logger LOG = LoggerFactory.getLogger(LibVmetteVmm.class);
    private static final Redirect NO_INPUT = Redirect.from(new File("/dev/null"));
    private static final long LOOK_MILLIS = 5;
    private static final long LAST_WORDS_MILLIS = 2_000;
    private static final String UNKNOWN = "unknown";

    private final String name;
    private final RunOrder order;
    private final Path java;
    private final Path directory;
    private final Duration startTimeout;
    private final ChildSpawner children;
    private final OutputStream output;
    private final OutputTail tail = new OutputTail();
    private final CompletableFuture<Void> running = new CompletableFuture<>();
    private final CompletableFuture<RunEnd> ended = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> exited = new CompletableFuture<>();

    private final Object lock = new Object();
    private boolean startCalled;
    private boolean quitRequested;
    private String version = "";
    private Process process;

    LibVmetteVmm(
            String name,
            RunOrder order,
            Path java,
            Path directory,
            Duration startTimeout,
            ChildSpawner children,
            OutputStream output) {
        this.name = name;
        this.order = order;
        this.java = java;
        this.directory = directory;
        this.startTimeout = startTimeout;
        this.children = children;
        this.output = output;
    }

    /**
     * Spawns the process.
     *
     * @return completes when it has loaded the library, which has taken the config and is about to run it: the ABI does not tell when the guest
     *     runs. Whatever fails later is in {@link #ended}
     */
    @Override
    public CompletionStage<Void> start() {
        synchronized (lock) {
            if (startCalled) {
                return CompletableFuture.failedFuture(new IllegalStateException("VM " + name + " was started before"));
            }
            startCalled = true;
            if (quitRequested) {
                return running.minimalCompletionStage();
            }
        }
        Thread thread = new Thread(this::live, "vmette-libvmette-" + name);
        thread.setDaemon(true);
        thread.start();
        return running.minimalCompletionStage();
    }

    private void live() {
        ChildFiles files;
        try {
            files = ChildFiles.create(directory, order);
        } catch (VmetteException e) {
            notStarted(e);
            return;
        }
        try {
            Process spawned = spawn(files);
            OutputPump pump = OutputPump.start(name, spawned.getInputStream(), output, tail);
            boolean late = !awaitLoaded(files, spawned);
            if (late) {
                kill();
            }
            int status = spawned.waitFor();
            pump.finish(LAST_WORDS_MILLIS);
            // It may have loaded the library and ended before anybody looked.
            boolean loaded = noteLoaded(files);
            RunEnding.Verdict verdict = ending(files, loaded, late, status).judge();
            remove(files);
            tell(verdict);
        } catch (InterruptedException | RuntimeException e) {
            killAndReap();
            remove(files);
            notStarted(
                    e instanceof VmetteException known
                            ? known
                            : new StartFailedException("VM " + name + " is given up: " + e, e));
        }
    }

    private Process spawn(ChildFiles files) {
        List<String> command = ChildCommand.of(java, files.directory());
        ChildPurpose purpose = new ChildPurpose("libvmette", name, Optional.of(directory));
        Process spawned;
        try {
            spawned = children.spawn(purpose, command, NO_INPUT)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            Throwable cause = Reasons.unwrapped(e);
            throw cause instanceof VmetteException known
                    ? known
                    : new StartFailedException("VM " + name + ": " + cause.getMessage(), cause);
        }
        boolean kill;
        synchronized (lock) {
            process = spawned;
            kill = quitRequested;
        }
        if (kill) {
            kill();
        }
        return spawned;
    }

    /** False if the time is up; true if the library is loaded, or the process has ended. */
    private boolean awaitLoaded(ChildFiles files, Process spawned) throws InterruptedException {
        long deadline = System.nanoTime() + startTimeout.toNanos();
        do {
            if (noteLoaded(files)) {
                return true;
            }
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
        } while (!spawned.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS));
        return true;
    }

    private boolean noteLoaded(ChildFiles files) {
        Optional<ChildReport.Loaded> loaded = files.loaded();
        loaded.ifPresent(report -> {
            synchronized (lock) {
                version = report.version();
            }
            running.complete(null);
        });
        return loaded.isPresent();
    }

    private RunEnding ending(ChildFiles files, boolean loaded, boolean late, int status) {
        boolean told;
        synchronized (lock) {
            told = quitRequested;
        }
        boolean exitCalled = !Files.exists(files.exitMark());
        return new RunEnding(name, loaded, told, late, startTimeout, files.outcome(), exitCalled, status, tail.lines());
    }

    private void tell(RunEnding.Verdict verdict) {
        verdict.end().ifPresent(ended::complete);
        verdict.failure().ifPresent(failure -> {
            ended.completeExceptionally(failure);
            running.completeExceptionally(failure);
        });
        running.complete(null);
        exited.complete(verdict.exit());
    }

    private void notStarted(VmetteException reason) {
        ended.completeExceptionally(reason);
        running.completeExceptionally(reason);
        boolean told;
        synchronized (lock) {
            told = quitRequested;
        }
        exited.complete(
                new VmmExit(told ? VmmExit.Reason.REQUESTED : VmmExit.Reason.NOT_STARTED, -1, reason.getMessage()));
    }

    private void remove(ChildFiles files) {
        try {
            files.remove();
        } catch (VmetteIoException e) {
            LOG.warn("something of VM {} is left behind: {}", name, e.getMessage());
        }
    }

    private void kill() {
        Process victim;
        synchronized (lock) {
            victim = process;
        }
        if (victim != null) {
            // Not by the Process, which would take its last words away.
            victim.toHandle().destroyForcibly();
        }
    }

    private void killAndReap() {
        kill();
        Process victim;
        synchronized (lock) {
            victim = process;
        }
        if (victim != null) {
            victim.onExit().join();
        }
    }

    /** How the run ended; fails with a {@link VmetteException} of the status it returned, or with {@link VmLostException} if a signal or {@link #quit} ended it. */
    public CompletionStage<RunEnd> ended() {
        return ended.minimalCompletionStage();
    }

    @Override
    public CompletionStage<Void> pause() {
        return refuse("pause");
    }

    @Override
    public CompletionStage<Void> resume() {
        return refuse("resume");
    }

    private CompletionStage<Void> refuse(String what) {
        return CompletableFuture.failedFuture(notPossible(what)
                .orElseGet(() -> new NotSupportedException("VM " + name + " runs through libvmette, whose C ABI has no "
                        + what + "; use QEMU for VMs that are to be held")));
    }

    @Override
    public CompletionStage<Void> snapshot(SnapshotOrder how, SnapshotSink sink) {
        return CompletableFuture.failedFuture(notPossible("snapshot")
                .orElseGet(() -> new SnapshotUnsupportedException("VM " + name
                        + " runs through libvmette, whose C ABI saves no VM that runs; use QEMU, or build-snapshot")));
    }

    private Optional<RuntimeException> notPossible(String what) {
        if (exited.isDone()) {
            return Optional.of(new VmLostException(
                    "VM " + name + " is gone (" + exited.join().detail() + "): " + what + " is not possible"));
        }
        if (!running.isDone()) {
            return Optional.of(new IllegalStateException("VM " + name + " does not run: " + what + " is not possible"));
        }
        return Optional.empty();
    }

    @Override
    public boolean isPaused() {
        return false;
    }

    @Override
    public void quit() {
        boolean neverStarted;
        synchronized (lock) {
            if (quitRequested) {
                return;
            }
            quitRequested = true;
            neverStarted = !startCalled;
        }
        if (neverStarted) {
            VmetteException reason = new StartFailedException("VM " + name + " was told to quit before it was started");
            ended.completeExceptionally(reason);
            running.completeExceptionally(reason);
            exited.complete(new VmmExit(VmmExit.Reason.REQUESTED, -1, "told to quit before it was started"));
        } else {
            kill();
        }
    }

    @Override
    public CompletionStage<VmmExit> whenExited() {
        return exited.minimalCompletionStage();
    }

    @Override
    public OptionalLong pid() {
        synchronized (lock) {
            return process != null && process.isAlive() ? OptionalLong.of(process.pid()) : OptionalLong.empty();
        }
    }

    @Override
    public List<String> consoleTail() {
        return tail.lines();
    }

    /** Nothing in the ABI tells what runs the guest, so that no isolation is claimed. */
    @Override
    public VmmCapabilities capabilities() {
        String told;
        synchronized (lock) {
            told = version;
        }
        return new VmmCapabilities(
                UNKNOWN,
                false,
                false,
                false,
                false,
                "libvmette " + (told.isEmpty() ? "of unknown version" : told) + " (" + order.library() + ")",
                told);
    }
}
