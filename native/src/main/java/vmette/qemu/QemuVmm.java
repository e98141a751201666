package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import vmette.config.QemuSettings;
import vmette.errors.OperationTimeoutException;
import vmette.errors.Reasons;
import vmette.errors.RestoreFailedException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.process.ChildProcesses;
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
 * One QEMU process. What happens to it comes from several threads (callers, QMP, the output, the reaper); what it adds up
 * to is kept under one lock, and nothing foreign is called while that is held.
 */
final class QemuVmm implements Vmm {
    private static final Duration QUIT_GRACE = Duration.ofSeconds(2);
    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Path binary;
    private final Accelerator accelerator;
    private final QemuSettings settings;
    private final QemuLaunch launch;
    private final ChildProcesses children;
    private final StartFailures failures;
    private final MonitorLife life;
    private final EventWaits events = new EventWaits();
    private final SecondMonitor second;
    private volatile String version = "";

    private final Object lock = new Object();
    private boolean panicked;
    private boolean paused;
    private boolean abandoned;
    private String shutdownReason = "";
    private QmpConnection qmp;
    private QmpDialogue dialogue;
    private QmpSave save;

    QemuVmm(Path binary, Accelerator accelerator, QemuSettings settings, QemuLaunch launch, ChildProcesses children) {
        this.binary = binary;
        this.accelerator = accelerator;
        this.settings = settings;
        this.launch = launch;
        this.failures = new StartFailures(launch);
        this.life = new MonitorLife(launch.name());
        this.children = children;
        this.second =
                new SecondMonitor(launch, likewise -> new QemuVmm(binary, accelerator, settings, likewise, children));
    }

    @Override
    public CompletionStage<Void> start() {
        return life.start(this::begin);
    }

    private void begin() {
        QmpConnection connection;
        try {
            connection =
                    QmpConnection.listen(launch.name(), launch.qmpSocket(), settings.startTimeout(), this::onEvent);
        } catch (VmetteException e) {
            life.notStarted(e);
            return;
        }
        synchronized (lock) {
            qmp = connection;
            dialogue = new QmpDialogue(launch.name(), connection, events);
            save = new QmpSave(launch, dialogue, second, this::isPaused);
        }
        Redirect input = launch.boot() instanceof BootSource.Saved saved
                ? Redirect.from(saved.state().toFile())
                : ChildSpawner.NO_INPUT;
        ChildPurpose purpose = new ChildPurpose("monitor", launch.name(), Optional.of(launch.directory()))
                .withSmallPages(launch.memory() instanceof MemoryBacking.PrivateFile);
        children.spawn(purpose, QemuCommandLine.of(binary, accelerator, launch), input)
                .whenComplete(this::onSpawned);
        connection.closed().thenRun(this::onConnectionLost);
        CompletionStage<JsonNode> status = connection
                .greeting()
                .thenCompose(greeted -> {
                    version = greeted;
                    return connection.execute("qmp_capabilities", Map.of());
                })
                .thenCompose(agreed -> prepare(connection, agreed))
                .thenCompose(ready -> connection.execute("query-status", Map.of()))
                .toCompletableFuture()
                .orTimeout(settings.startTimeout().toMillis(), TimeUnit.MILLISECONDS);
        status.whenComplete(this::onStatus);
    }

    private CompletionStage<JsonNode> prepare(QmpConnection connection, JsonNode agreed) {
        if (launch.boot() instanceof BootSource.Saved) {
            return QmpRestore.run(launch, connection, events);
        }
        return launch.boot() instanceof BootSource.Incoming incoming
                ? QmpRestore.listen(incoming, connection)
                : CompletableFuture.completedStage(agreed);
    }

    private void onSpawned(Process spawned, Throwable failure) {
        if (failure != null) {
            onNotSpawned(Reasons.unwrapped(failure));
            return;
        }
        CompletionStage<Void> drained = OutputPump.start(launch.name(), spawned.getInputStream(), life.console())
                .drained();
        life.spawned(spawned);
        CompletionStage<Process> exit = spawned.onExit();
        exit.thenAccept(dead -> {
            QmpConnection connection = connection();
            connection.peerEnded();
            // What QEMU wrote last says why it ended; nobody but QEMU can hold these ends, the limit is for surprises.
            CompletionStage<Void> heardOut = CompletableFuture.allOf(
                            drained.toCompletableFuture(), connection.closed().toCompletableFuture())
                    .completeOnTimeout(null, LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
            CompletionStage<?> alone = second.end();
            heardOut.thenCombine(alone, (heard, ended) -> ended).thenRun(() -> onEnded(dead.exitValue()));
        });
    }

    private void onNotSpawned(Throwable failure) {
        connection().close();
        life.notStarted(failures.notSpawned(failure));
    }

    private void onStatus(JsonNode answer, Throwable failure) {
        String status = failure == null ? answer.path("status").asText() : "";
        if (status.equals(launch.boot() instanceof BootSource.Incoming ? "inmigrate" : "running")) {
            life.runs();
            return;
        }
        VmetteException reason;
        Throwable cause = failure == null ? null : Reasons.unwrapped(failure);
        if (cause == null) {
            reason = failures.notRunning(status);
        } else if (cause instanceof TimeoutException || cause instanceof OperationTimeoutException) {
            reason = failures.late(settings.startTimeout());
        } else if (cause instanceof QmpException refusal) {
            reason = failures.refused(refusal);
        } else {
            if (cause instanceof RestoreFailedException) {
                // It ends by itself.
                killUnlessExitedWithin(QUIT_GRACE, false);
            }
            // A lost connection mostly means that QEMU has ended: then its own words make the message.
            return;
        }
        life.startFailed(reason);
        kill();
    }

    private void onEvent(String name, JsonNode data) {
        synchronized (lock) {
            if (name.equals("SHUTDOWN")) {
                shutdownReason = data.path("reason").asText();
            } else if (name.equals("GUEST_PANICKED")) {
                panicked = true;
            } else if (name.equals("STOP") || name.equals("RESUME")) {
                paused = name.equals("STOP");
            }
        }
        events.tell(name, data);
    }

    // A QEMU that nobody can talk to is of no use; the grace is for one that is about to end by itself.
    private void onConnectionLost() {
        events.fail(new VmLostException("the QMP connection to VM " + launch.name() + " has ended"));
        killUnlessExitedWithin(QUIT_GRACE, true);
    }

    private void onEnded(int exitCode) {
        Ending ending;
        boolean forItsConnection;
        synchronized (lock) {
            forItsConnection = abandoned;
            ending = new Ending(
                    life.hasRun(),
                    life.isToldToQuit(),
                    shutdownReason,
                    panicked,
                    exitCode,
                    life.console().lines());
        }
        connection().close();
        life.startFailed(failures.ended(ending));
        life.exited(forItsConnection ? ending.classifyAbandoned() : ending.classify());
    }

    @Override
    public CompletionStage<Void> pause() {
        return command("stop");
    }

    @Override
    public CompletionStage<Void> resume() {
        return command("cont");
    }

    @Override
    public boolean isPaused() {
        synchronized (lock) {
            return paused;
        }
    }

    @Override
    public CompletionStage<Void> snapshot(SnapshotOrder order, SnapshotSink sink) {
        Optional<RuntimeException> refusal = life.refusal("snapshot");
        if (refusal.isEmpty() && !canBeSaved()) {
            refusal = Optional.of(new SnapshotUnsupportedException(
                    "VM " + launch.name() + " cannot be saved: it was not started with memory that can be copied"));
        }
        if (refusal.isEmpty()
                && launch.memory() instanceof MemoryBacking.PrivateFile
                && order.memory().isEmpty()) {
            refusal = Optional.of(new IllegalArgumentException(
                    "VM " + launch.name() + " has private memory, and is to be saved with nowhere to put it"));
        }
        if (refusal.isPresent()) {
            return CompletableFuture.failedFuture(refusal.get());
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> snapshot(order, sink, done), "vmette-save-" + launch.name());
        thread.setDaemon(true);
        thread.start();
        return done.minimalCompletionStage();
    }

    private void snapshot(SnapshotOrder order, SnapshotSink sink, CompletableFuture<Void> done) {
        QmpSave saving;
        synchronized (lock) {
            saving = save;
        }
        try {
            saving.save(order, sink);
            if (order.thenQuit()) {
                quit();
            }
            done.complete(null);
        } catch (VmLostException e) {
            kill();
            done.completeExceptionally(e);
        } catch (Throwable e) {
            done.completeExceptionally(e);
        }
    }

    private boolean canBeSaved() {
        return !(launch.memory() instanceof MemoryBacking.Anonymous);
    }

    private CompletionStage<Void> command(String name) {
        Optional<RuntimeException> refusal = life.refusal(name);
        if (refusal.isPresent()) {
            return CompletableFuture.failedFuture(refusal.get());
        }
        return connection()
                .execute(name, Map.of())
                .thenAccept(answer -> {})
                .toCompletableFuture()
                .orTimeout(COMMAND_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(failure -> {
                    throw translate(name, Reasons.unwrapped(failure));
                });
    }

    private RuntimeException translate(String command, Throwable failure) {
        if (failure instanceof VmetteException known) {
            return known;
        }
        if (failure instanceof TimeoutException) {
            return new OperationTimeoutException("QEMU of VM " + launch.name() + " did not answer " + command
                    + " within " + COMMAND_TIMEOUT.toSeconds() + " s: it hangs, or the host is overloaded");
        }
        return new VmLostException(
                "VM " + launch.name() + ": " + command + " failed: " + failure.getMessage(), failure);
    }

    @Override
    public void quit() {
        life.quit(() -> life.notStarted(failures.toldToQuit()), this::end);
    }

    private void end() {
        if (!life.hasRun()) {
            kill();
            return;
        }
        connection().execute("quit", Map.of()).whenComplete((answer, failure) -> {
            if (failure != null) {
                // Its connection may have ended because it is ending; killing such a one changes nothing we report.
                kill();
            }
        });
        killUnlessExitedWithin(QUIT_GRACE, false);
    }

    private void killUnlessExitedWithin(Duration grace, boolean connectionLost) {
        CompletionStage<VmmExit> inTime =
                life.whenExited().toCompletableFuture().orTimeout(grace.toMillis(), TimeUnit.MILLISECONDS);
        inTime.exceptionally(late -> {
            synchronized (lock) {
                abandoned |= connectionLost;
            }
            kill();
            return null;
        });
    }

    /** Ends it at once, by its process's death; whatever is asked of it fails. */
    void kill() {
        life.kill();
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

    @Override
    public VmmCapabilities capabilities() {
        return new VmmCapabilities(
                accelerator.word(),
                accelerator == Accelerator.KVM,
                canBeSaved(),
                "QEMU " + (version.isEmpty() ? "of unknown version" : version) + " (" + binary + ")",
                version);
    }

    /** To be asked for once it has been started. */
    QmpDialogue dialogue() {
        synchronized (lock) {
            return dialogue;
        }
    }

    Duration startTimeout() {
        return settings.startTimeout();
    }

    private QmpConnection connection() {
        synchronized (lock) {
            return qmp;
        }
    }
}
