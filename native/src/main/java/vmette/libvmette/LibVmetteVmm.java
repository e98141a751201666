package vmette.libvmette;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
import vmette.vmm.MonitorLife;
import vmette.vmm.OutputPump;
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
    private static final long LOOK_MILLIS = 5;
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final String UNKNOWN = "unknown";

    private final String name;
    private final RunOrder order;
    private final Path java;
    private final Path directory;
    private final Duration startTimeout;
    private final ChildSpawner children;
    private final OutputStream output;
    private final MonitorLife life;
    private final CompletableFuture<RunEnd> ended = new CompletableFuture<>();
    private volatile String version = "";

    LibVmetteVmm(
            String name,
            RunOrder order,
            Path java,
            Path directory,
            Duration startTimeout,
            ChildSpawner children,
            OutputStream output) {
        this.name = name;
        this.life = new MonitorLife(name);
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
        return life.start(() -> {
            Thread thread = new Thread(this::live, "vmette-libvmette-" + name);
            thread.setDaemon(true);
            thread.start();
        });
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
            RunEnding.Verdict verdict = run(files);
            remove(files);
            tell(verdict);
        } catch (InterruptedException | RuntimeException e) {
            remove(files);
            notStarted(
                    e instanceof VmetteException known
                            ? known
                            : new StartFailedException("VM " + name + " is given up: " + e, e));
        }
    }

    private RunEnding.Verdict run(ChildFiles files) throws InterruptedException {
        ParentLock lives = ParentLock.take(files.parent());
        try {
            return watch(files, spawn(files));
        } finally {
            lives.close();
        }
    }

    private Process spawn(ChildFiles files) {
        List<String> command = ChildCommand.of(java, files.directory());
        ChildPurpose purpose = new ChildPurpose("libvmette", name, Optional.of(directory));
        try {
            return children.spawn(purpose, command, ChildSpawner.NO_INPUT)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            Throwable cause = Reasons.unwrapped(e);
            throw cause instanceof VmetteException known
                    ? known
                    : new StartFailedException("VM " + name + ": " + cause.getMessage(), cause);
        }
    }

    /** From the process's beginning to its end, also if this fails. */
    private RunEnding.Verdict watch(ChildFiles files, Process spawned) throws InterruptedException {
        try {
            life.spawned(spawned);
            OutputPump pump = OutputPump.start(name, spawned.getInputStream(), life.console(), output);
            boolean late = !awaitLoaded(files, spawned);
            if (late) {
                life.kill();
            }
            int status = spawned.waitFor();
            awaitLastWords(pump);
            // It may have loaded the library and ended before anybody looked.
            boolean loaded = noteLoaded(files);
            return ending(files, loaded, late, status).judge();
        } finally {
            life.kill();
            spawned.onExit().join();
        }
    }

    /** What the library has left behind may hold the output for ever. */
    private static void awaitLastWords(OutputPump pump) throws InterruptedException {
        try {
            pump.drained().toCompletableFuture().get(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            pump.stopPassing();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
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
            version = report.version();
            life.runs();
        });
        return loaded.isPresent();
    }

    private RunEnding ending(ChildFiles files, boolean loaded, boolean late, int status) {
        boolean exitCalled = !Files.exists(files.exitMark());
        return new RunEnding(
                name,
                loaded,
                life.isToldToQuit(),
                late,
                startTimeout,
                files.outcome(),
                exitCalled,
                status,
                life.console().lines());
    }

    private void tell(RunEnding.Verdict verdict) {
        verdict.end().ifPresent(ended::complete);
        verdict.failure().ifPresent(failure -> {
            ended.completeExceptionally(failure);
            life.startFailed(failure);
        });
        life.runs();
        life.exited(verdict.exit());
    }

    private void notStarted(VmetteException reason) {
        ended.completeExceptionally(reason);
        life.notStarted(reason);
    }

    private void remove(ChildFiles files) {
        try {
            files.remove();
        } catch (VmetteIoException e) {
            LOG.warn("something of VM {} is left behind: {}", name, e.getMessage());
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
        return CompletableFuture.failedFuture(life.refusal(what)
                .orElseGet(() -> new NotSupportedException("VM " + name + " runs through libvmette, whose C ABI has no "
                        + what + "; use QEMU for VMs that are to be held")));
    }

    @Override
    public CompletionStage<Void> snapshot(SnapshotOrder how, SnapshotSink sink) {
        return CompletableFuture.failedFuture(life.refusal("snapshot")
                .orElseGet(() -> new SnapshotUnsupportedException("VM " + name
                        + " runs through libvmette, whose C ABI saves no VM that runs; use QEMU, or build-snapshot")));
    }

    @Override
    public boolean isPaused() {
        return false;
    }

    @Override
    public void quit() {
        life.quit(
                () -> notStarted(new StartFailedException("VM " + name + " was told to quit before it was started")),
                life::kill);
    }

    @Override
    public CompletionStage<VmmExit> whenExited() {
        return life.whenExited();
    }

    @Override
    public OptionalLong pid() {
        return life.pid();
    }

    @Override
    public List<String> consoleTail() {
        return life.console().lines();
    }

    /** Nothing in the ABI tells what runs the guest, so that no isolation is claimed. */
    @Override
    public VmmCapabilities capabilities() {
        String told = version;
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
