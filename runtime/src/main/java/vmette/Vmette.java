package vmette;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.stream.javadsl.Source;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import vmette.actors.FleetActor;
import vmette.actors.Supervision;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmRegistry;
import vmette.actors.VmService;
import vmette.actors.VmTicket;
import vmette.actors.VmVsock;
import vmette.admission.AdmissionControl;
import vmette.admission.AdmissionStatus;
import vmette.admission.VmAdmission;
import vmette.config.ExecSpec;
import vmette.config.PoolPlan;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.control.ControlledFleet;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.events.JournalWriter;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.events.VmStatus;
import vmette.guest.protocol.StreamId;
import vmette.log.LogBudget;
import vmette.log.LogRing;
import vmette.machine.Machine;
import vmette.machine.QemuMachines;
import vmette.metrics.MetricsEndpoint;
import vmette.metrics.VmetteMetrics;
import vmette.process.HostMemory;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Rung;
import vmette.rootfs.RootfsProgress;

/**
 * The runtime: launches VMs, each owned by a supervisor actor. Thread-safe. One per process is enough; closing it ends every VM
 * it launched and leaves nothing behind.
 */
public final class Vmette implements AutoCloseable {
    /** Longer than the grace a guest has to power off and a monitor to quit. */
    private static final long CLOSE_SECONDS = 30;

    /** For those who read events to take the last, before the system that they do it in ends. */
    private static final long EVENTS_SECONDS = 2;

    private static final String OWN_CONFIG =
            "akka { scheduler.tick-duration = 50ms, coordinated-shutdown.run-by-jvm-shutdown-hook = off,"
                    + " jvm-exit-on-fatal-error = off }";

    /** Clones that are made at a time. */
    static final int MOST_CLONES = 256;

    private static final AtomicLong REGISTRIES = new AtomicLong();
    private static final AtomicLong NAMES = new AtomicLong();
    private static final AtomicLong FLEETS = new AtomicLong();

    private final RuntimeSettings settings;
    private final Consumer<String> progress;
    private final Machinery machines;
    private final LazyControl control;
    private final AdmissionControl admission;
    private final CompletableFuture<ActorSystem<?>> system = new CompletableFuture<>();
    private final CompletionStage<ActorSystem<?>> onceUp = system.minimalCompletionStage();
    private final CompletableFuture<ActorRef<VmRegistry.Command>> registry = new CompletableFuture<>();
    private final boolean ownsSystem;
    private final VmEvents events;
    private final JournalWriter journal;
    private final VsockTotals vsocks = new VsockTotals();
    private final Optional<MetricsEndpoint> endpoint;
    private final VmBoard board = new VmBoard();
    private final LivingVms living = new LivingVms();
    private final ControlledVms controlled = new ControlledVms(this);
    private final CompletableFuture<Done> registryOver = new CompletableFuture<>();
    private final Map<VmTicket, Launching> alive = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ForeignGoldens foreign;
    private final Pools pools;
    private final LogBudget logs;
    private final FleetNames fleetNames =
            new FleetNames(() -> alive.keySet().stream().map(VmTicket::name));

    private Vmette(
            RuntimeSettings settings, Consumer<String> progress, Machinery machines, Optional<ActorSystem<?>> callers) {
        this.settings = settings;
        this.logs = LogBudget.of(settings.log());
        this.progress = progress;
        this.machines = machines;
        this.control = new LazyControl(machines, controlled);
        this.events = new VmEvents(settings.events().buffer());
        this.admission = new AdmissionControl(
                settings.admission(),
                Runtime.getRuntime().availableProcessors(),
                HostMemory.usableMib(),
                InstantSource.system());
        // Before any stream: whoever has read of something finds it here.
        events.listen(board::add);
        events.listen(controlled::add);
        this.foreign = new ForeignGoldens(events::publish);
        this.pools = new Pools(this, machines, progress, foreign);
        this.journal = new JournalWriter(machines.journal());
        events.listen(journal);
        // Before anything is started that would have to be ended if the port is taken.
        this.endpoint = settings.metrics().isOn()
                ? Optional.of(MetricsEndpoint.open(settings.metrics().port(), metrics()))
                : Optional.empty();
        this.ownsSystem = callers.isEmpty();
        registryOver.minimalCompletionStage().thenRun(this::abandon);
        system.minimalCompletionStage()
                .thenAccept(up -> up.getWhenTerminated().thenRun(() -> registryOver.complete(Done.getInstance())));
        if (callers.isPresent()) {
            ActorSystem<?> given = callers.get();
            system.complete(given);
            registry.complete(given.systemActorOf(
                    VmRegistry.create(settings, machines, registryOver),
                    "vmette-registry-" + REGISTRIES.incrementAndGet(),
                    Props.empty()));
        } else {
            // On a thread of its own: a first VM boots meanwhile.
            Thread starter = new Thread(this::startSystem, "vmette-start");
            starter.setDaemon(true);
            starter.start();
        }
    }

    private void startSystem() {
        try {
            ActorSystem<VmRegistry.Command> own =
                    ActorSystem.create(VmRegistry.create(settings, machines, registryOver), "vmette", ownConfig());
            system.complete(own);
            registry.complete(own);
        } catch (RuntimeException | Error e) {
            system.completeExceptionally(e);
            registry.completeExceptionally(e);
        }
    }

    /**
     * Between what the user says and Akka's own defaults. A scheduler that wakes 20 times a second and not 100 times, which is most of
     * what an idle runtime costs; none of our timers is that exact. And no shutdown hook of Akka's beside ours, which ends the VMs. What Akka takes
     * for fatal ends the system, and with it the VMs, in order; whether the program goes on is its own affair.
     */
    private static Config ownConfig() {
        return ConfigFactory.defaultOverrides()
                .withFallback(ConfigFactory.defaultApplication())
                .withFallback(ConfigFactory.parseString(OWN_CONFIG))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
    }

    /** A runtime with an ActorSystem of its own, and the settings and pools of {@code application.conf}. */
    public static Vmette create() {
        RuntimeSettings settings = RuntimeSettings.load();
        return create(settings).withPools(ConfigFactory.load());
    }

    /** Opens what {@code vmette.pools} describes. */
    private Vmette withPools(Config config) {
        PoolPlan.all(config).values().forEach(this::pool);
        return this;
    }

    /** A runtime with an ActorSystem of its own. */
    public static Vmette create(RuntimeSettings settings) {
        return create(settings, line -> {});
    }

    /**
     * A runtime with an ActorSystem of its own.
     *
     * @param progress told, a line at a time, what long work is under way; on any thread
     */
    public static Vmette create(RuntimeSettings settings, Consumer<String> progress) {
        return create(settings, RootfsProgress.lines(progress));
    }

    /**
     * A runtime with an ActorSystem of its own.
     *
     * @param progress told what long work is under way, and how far transfers have come
     */
    public static Vmette create(RuntimeSettings settings, RootfsProgress progress) {
        return new Vmette(
                settings,
                progress::say,
                Machinery.of(new QemuMachines(settings, progress, () -> RootfsProviders.all(settings))),
                Optional.empty());
    }

    /** For tests that make machines of their own kind. */
    static Vmette create(RuntimeSettings settings, QemuMachines machines) {
        return new Vmette(settings, line -> {}, Machinery.of(machines), Optional.empty());
    }

    /**
     * A runtime in the caller's ActorSystem whose machines are made elsewhere, as those of {@code vmette.testkit} are.
     *
     * @param machines closed with the runtime
     */
    public static Vmette create(ActorSystem<?> system, RuntimeSettings settings, Machinery machines) {
        return new Vmette(settings, line -> {}, machines, Optional.of(system));
    }

    /** The same, and that want to know what happens to their VMs. */
    static Vmette create(RuntimeSettings settings, QemuMachines machines, Consumer<VmEvent> events) {
        Vmette vmette = create(settings, machines);
        vmette.events.listen(events);
        return vmette;
    }

    /** A runtime in the caller's ActorSystem, with the {@code vmette} section of its configuration, and the pools that this describes. */
    public static Vmette create(ActorSystem<?> system) {
        Config config = system.settings().config();
        return create(system, RuntimeSettings.from(config)).withPools(config);
    }

    /** A runtime in the caller's ActorSystem. Closing the runtime leaves the system running. */
    public static Vmette create(ActorSystem<?> system, RuntimeSettings settings) {
        return new Vmette(
                settings,
                line -> {},
                Machinery.of(new QemuMachines(settings, line -> {}, () -> RootfsProviders.all(settings))),
                Optional.of(system));
    }

    /** The ActorSystem that everything runs in, for materialising streams. Waits until it is up. */
    public ActorSystem<?> system() {
        try {
            return system.join();
        } catch (CompletionException e) {
            throw new IllegalStateException("the ActorSystem could not be started", e.getCause());
        }
    }

    /** Who comes up and who waits to. */
    public AdmissionStatus admission() {
        return admission.status();
    }

    /** The settings in force. */
    public RuntimeSettings settings() {
        return settings;
    }

    /**
     * Launches a VM.
     *
     * @return completes when the guest's agent answers; fails with a {@code VmetteException} with nothing left behind
     */
    public CompletionStage<VmHandle> launch(VmSpec spec) {
        return ready(() -> begin(spec, Optional.empty()));
    }

    private static CompletionStage<VmHandle> ready(Supplier<VmHandle> begin) {
        VmHandle vm;
        try {
            vm = begin.get();
        } catch (VmetteException e) {
            return CompletableFuture.failedStage(e);
        }
        return vm.ready().thenApply(there -> vm);
    }

    /**
     * As {@link #launch(VmSpec)}, with a say about its turn to come up.
     *
     * @return fails also with an {@link vmette.errors.AdmissionRefusedException}
     */
    public CompletionStage<VmHandle> launch(VmSpec spec, LaunchOptions options) {
        return ready(() -> begin(
                spec,
                options,
                origin(spec),
                Optional.empty(),
                RecoveryPolicy.of(settings.recovery()),
                UnaryOperator.identity(),
                Optional.empty()));
    }

    /**
     * Launches a VM whose guest goes on where it was when a snapshot was taken, with a clock that is right, randomness, an instance id and a name of its own. Any number may
     * be restored from one snapshot, also at once.
     *
     * @param spec must be what the snapshot was taken of in all that the guest has seen: memory, processors, kernel, disks
     * @param snapshot as {@link VmHandle#snapshot} takes it
     * @return as {@link #launch(VmSpec)}; fails with {@link vmette.errors.RestoreFailedException} before anything is started if the snapshot does not fit or is damaged
     */
    public CompletionStage<VmHandle> restore(VmSpec spec, String snapshot) {
        return restore(spec, LaunchOptions.DEFAULT, snapshot);
    }

    /** As {@link #restore(VmSpec, String)}, with a say about its turn to come up. */
    public CompletionStage<VmHandle> restore(VmSpec spec, LaunchOptions options, String snapshot) {
        return ready(() -> begin(
                spec,
                options,
                from(snapshot, spec),
                Optional.empty(),
                RecoveryPolicy.of(settings.recovery()),
                UnaryOperator.identity(),
                Optional.empty()));
    }

    /** Throws as {@link Machinery#find}. */
    private Origin from(String snapshot, VmSpec spec) {
        return new Origin(Rung.GOLDEN, Optional.of(machines.find(snapshot, spec)));
    }

    private Origin origin(VmSpec spec) {
        return spec.snapshots()
                .resume()
                .map(path -> from(path.toAbsolutePath().toString(), spec))
                .orElse(Origin.BOOT);
    }

    /**
     * Makes clones of a running VM: each goes on where the VM was at one instant, with memory, processes and scratch as they were, and is a VM of its own from then on, with
     * its own name, instance id, clock and randomness. The VM itself goes on, as after {@link VmHandle#snapshot}, and so do commands, which {@link VmHandle#attach} finds in each of
     * them. Ports that the VM publishes are not published for clones.
     *
     * @param clones 1 to {@value #MOST_CLONES}
     * @return completes when all are ready; if one fails none is left, and it fails for that reason. Fails as {@link VmHandle#snapshot} too
     */
    public CompletionStage<List<VmHandle>> fork(VmHandle vm, int clones) {
        if (clones < 1 || clones > MOST_CLONES) {
            return CompletableFuture.failedStage(new InvalidConfigException(
                    clones + " clones are refused: allowed are 1 to " + MOST_CLONES + " at a time"));
        }
        return new Forking(this, machines).fork(vm, clones);
    }

    /**
     * Launches a VM after its ports have been bound, so that they are in force before the guest's first instruction.
     *
     * @param beforeBoot binds; the machine is made when its stage completes, and not at all if it fails
     * @return as {@link #launch(VmSpec)}
     */
    public CompletionStage<VmHandle> launch(VmSpec spec, Function<VmHandle, ? extends CompletionStage<?>> beforeBoot) {
        return ready(() -> begin(spec, Optional.of(beforeBoot)));
    }

    /**
     * What happens to the VMs, from the stream's materialisation on. A subscriber who is slow misses the oldest of what waits for him beyond
     * {@code vmette.events.buffer}, and is told how many; no VM waits for him. Completes when the runtime is closed.
     */
    public Source<VmEvent, NotUsed> events() {
        return events.all();
    }

    /** Where the VMs stand, by name: all that live, and the last {@value VmBoard#ENDED} that ended. */
    public List<VmStatus> vms() {
        Set<String> waiting = admission.waiting();
        return board.all().stream()
                .map(status -> waiting.contains(status.name()) ? status.queued() : status)
                .toList();
    }

    /** The living VM of that name. */
    public Optional<VmHandle> find(String name) {
        return living.find(name);
    }

    /**
     * Launches a VM of a fleet: under its own settings of recovery, and with what it runs.
     *
     * @return as {@link #launch(VmSpec)}; what the VM runs begins after that, and anew in each incarnation
     * @throws InvalidConfigException if it is to run what its root's image says, and has no root
     */
    public CompletionStage<VmHandle> launch(VmPlan plan) {
        VmHandle vm = begin(plan, UnaryOperator.identity());
        return vm.ready().thenApply(ready -> vm);
    }

    /**
     * Begins a VM of a fleet.
     *
     * @param refine gives the supervision what its caller adds to it, such as somebody who is told what happens
     * @return the VM at once, ready or not
     * @throws InvalidConfigException as {@link #launch(VmPlan)}
     */
    VmHandle begin(VmPlan plan, UnaryOperator<Supervision> refine) {
        return begin(plan, refine, Optional.empty());
    }

    private VmHandle begin(
            VmPlan plan,
            UnaryOperator<Supervision> refine,
            Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> beforeBoot) {
        boolean image = plan.run().map(run -> run.arguments().isEmpty()).orElse(false);
        if (image && plan.spec().storage().rootfs().isEmpty()) {
            throw new InvalidConfigException("the VM " + plan.name()
                    + " is to run what its root's image says, and has no root: give it a rootfs, or a command");
        }
        return begin(
                plan.spec(),
                LaunchOptions.DEFAULT.withGroup(plan.group().orElse("")),
                origin(plan.spec()),
                plan.run().map(run -> new VmService(run, plan.mode())),
                RecoveryPolicy.of(plan.recovery()),
                refine,
                beforeBoot);
    }

    /**
     * Launches all VMs of a deployment, in order, under the supervision of its groups.
     *
     * @return at once; {@link Fleet#ready} says when all of them are there
     * @throws InvalidConfigException if a name is in use; nothing has been started
     */
    public Fleet deploy(Deployment deployment) {
        return deploy(deployment, Optional.empty());
    }

    /**
     * As {@link #deploy(Deployment)}, after something has been done with each VM, whenever it is launched.
     *
     * @param beforeBoot as for {@link #launch(VmSpec, Function)}, such as {@link #publish(VmHandle)}
     */
    public Fleet deploy(Deployment deployment, Function<VmHandle, ? extends CompletionStage<?>> beforeBoot) {
        return deploy(deployment, Optional.of(beforeBoot));
    }

    private Fleet deploy(
            Deployment deployment, Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> beforeBoot) {
        if (closed.get()) {
            throw new VmLostException("the runtime is closed: nothing was deployed");
        }
        return new Fleet(
                deployment,
                fleetNames,
                (plan, refine) -> begin(plan, refine, beforeBoot),
                (ticket, vms) -> system.thenApply(up -> up.systemActorOf(
                        FleetActor.create(ticket, vms), "vmette-fleet-" + FLEETS.incrementAndGet(), Props.empty())));
    }

    /**
     * Opens a pool of ready VMs, which are restored from one golden snapshot where they can be, and begins to fill it. {@code docs/pools.md} says what becomes of them. It is closed with
     * the runtime.
     *
     * @throws InvalidConfigException if there is an open pool of that name
     */
    public VmPool pool(PoolPlan plan) {
        return pools.open(plan);
    }

    /** The open pool of that name, of those that {@link #pool(PoolPlan)} has opened. */
    public Optional<VmPool> pool(String name) {
        return pools.find(name);
    }

    /** The runtime's meters, for a registry of your own; needs {@code micrometer-core}. */
    public VmetteMetrics metrics() {
        return new VmetteMetrics(events, board, vsocks::sum, pools::listen);
    }

    /** Where Prometheus finds the meters, if {@code vmette.metrics.port} says so: the port it has. */
    public OptionalInt metricsPort() {
        return endpoint.isPresent() ? OptionalInt.of(endpoint.get().port()) : OptionalInt.empty();
    }

    /** Runs {@code spec.exec()} to its end and powers the VM off; no input, this process's own outputs. */
    public CompletionStage<ExitStatus> run(VmSpec spec) {
        return run(spec, RunStreams.inherited());
    }

    /**
     * Runs {@code spec.exec()}, or what the root's image says where there is none, in a VM of its own to its end and powers the VM off. With {@link
     * vmette.config.SnapshotSpec#build} nothing is run but its warm-up, and the VM is saved.
     *
     * @return completes when nothing of the VM is left and all output was taken; fails with a {@code VmetteException}
     * @throws InvalidConfigException if the specification has nothing to execute
     */
    public CompletionStage<ExitStatus> run(VmSpec spec, RunStreams streams) {
        return run(spec, shell(spec), streams, execution -> {});
    }

    /**
     * As {@link #run(VmSpec, RunStreams)}, after something has been done with the VM.
     *
     * @param beforeBoot as for {@link #launch(VmSpec, Function)}, such as {@link #publish}
     */
    public CompletionStage<ExitStatus> run(
            VmSpec spec, RunStreams streams, Function<VmHandle, ? extends CompletionStage<?>> beforeBoot) {
        return run(spec, shell(spec), streams, execution -> {}, beforeBoot);
    }

    private static ExecSpec shell(VmSpec spec) {
        if (spec.snapshots().build().isPresent()) {
            return ExecSpec.shell(spec.snapshots().warmUp().orElse("true"));
        }
        if (spec.exec().isEmpty() && spec.storage().rootfs().isPresent()) {
            return ExecSpec.imageCommand();
        }
        return ExecSpec.shell(spec.exec()
                        .orElseThrow(() -> new InvalidConfigException("nothing to run: the specification has no exec")))
                .afterEntrypoint();
    }

    /**
     * Runs this command, and not {@code spec.exec()}, in a VM of its own to its end and powers the VM off.
     *
     * @param streams an output that the command does not have is not materialised
     * @param begun is given the command before it has started: for its start, its signals and its terminal's size; its streams are those given here
     * @return completes when nothing of the VM is left and all output was taken; fails with a {@code VmetteException}
     */
    public CompletionStage<ExitStatus> run(
            VmSpec spec, ExecSpec command, RunStreams streams, Consumer<Execution> begun) {
        return run(begin(spec, Optional.empty()), command, streams, begun);
    }

    /**
     * As {@link #run(VmSpec, ExecSpec, RunStreams, Consumer)}, with streams that are made while the VM comes up, which is sooner in a JVM that has
     * made none yet.
     */
    public CompletionStage<ExitStatus> run(VmSpec spec, ExecSpec command, Supplier<RunStreams> streams) {
        VmHandle vm = begin(spec, Optional.empty());
        RunStreams made;
        try {
            made = streams.get();
        } catch (RuntimeException | Error e) {
            vm.stop();
            throw e;
        }
        return run(vm, command, made, execution -> {});
    }

    /**
     * As {@link #run(VmSpec, ExecSpec, RunStreams, Consumer)}, after something has been done with the VM.
     *
     * @param beforeBoot as for {@link #launch(VmSpec, Function)}, such as {@link #publish}
     */
    public CompletionStage<ExitStatus> run(
            VmSpec spec,
            ExecSpec command,
            RunStreams streams,
            Consumer<Execution> begun,
            Function<VmHandle, ? extends CompletionStage<?>> beforeBoot) {
        return run(begin(spec, Optional.of(beforeBoot)), command, streams, begun);
    }

    private CompletionStage<ExitStatus> run(
            VmHandle vm, ExecSpec command, RunStreams streams, Consumer<Execution> begun) {
        if (vm.spec().snapshots().build().isPresent()) {
            return SnapshotBuild.of(vm, streams, system);
        }
        Execution execution = vm.exec(command);
        begun.accept(execution);
        CompletableFuture<VmetteException> unwritten = new CompletableFuture<>();
        CompletableFuture<VmetteException> unread = new CompletableFuture<>();
        CompletionStage<Void> taken = system.thenCompose(up -> {
            if (execution.has(StreamId.STDIN)) {
                streams.stdin().runWith(execution.stdin(), up);
            }
            CompletionStage<?> out = execution.has(StreamId.STDOUT)
                    ? execution.stdout().runWith(streams.stdout(), up)
                    : CompletableFuture.completedStage(null);
            CompletionStage<?> err = execution.has(StreamId.STDERR)
                    ? execution.stderr().runWith(streams.stderr(), up)
                    : CompletableFuture.completedStage(null);
            // The command's status is still worth waiting for.
            return out.handle((done, failure) -> note("standard output", failure, unwritten, unread))
                    .thenCombine(
                            err.handle((done, failure) -> note("standard error", failure, unwritten, unread)),
                            (a, b) -> (Void) null);
        });
        return execution
                .status()
                .handle((status, failure) -> stopped(vm, failure == null, taken)
                        .thenApply(end -> outcome(Optional.ofNullable(status), failure, end, unread)))
                .thenCompose(Function.identity())
                .thenApply(status -> {
                    if (unwritten.isDone()) {
                        throw unwritten.join();
                    }
                    return status;
                });
    }

    /** A reader that has gone, as {@code head} does, is no failure; one that could not take what was written is, and so is a stream that broke. */
    private static Void note(
            String what,
            Throwable failure,
            CompletableFuture<VmetteException> unwritten,
            CompletableFuture<VmetteException> unread) {
        if (failure != null && Reasons.unwrapped(failure) instanceof VmetteException broken) {
            unread.complete(new VsockException(
                    "what the command wrote to " + what + " broke off: " + broken.getMessage() + "; some of it is lost",
                    broken));
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException failed && !RunStreams.isReaderGone(failed)) {
                unwritten.complete(new VmetteIoException(
                        "cannot write what the command wrote to " + what + ": " + cause.getMessage()
                                + "; some of it is lost",
                        cause));
            }
        }
        return null;
    }

    /** A guest may keep the outputs of a command that failed open for ever: they end with the VM. */
    private static CompletionStage<VmEnd> stopped(VmHandle vm, boolean succeeded, CompletionStage<Void> taken) {
        return succeeded
                ? taken.thenCompose(done -> vm.stop())
                : vm.stop().thenCombine(taken.handle((done, failure) -> vm), (end, same) -> end);
    }

    private static ExitStatus outcome(
            Optional<ExitStatus> status, Throwable failure, VmEnd end, CompletableFuture<VmetteException> unread) {
        if (status.isPresent() && !unread.isDone()) {
            return status.get();
        }
        if (end.how() == VmEnd.How.TIMED_OUT) {
            return new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0);
        }
        if (end.failure().isPresent()) {
            throw end.failure().get().toException();
        }
        if (status.isPresent()) {
            throw unread.join();
        }
        Throwable reason = failure instanceof CompletionException ? failure.getCause() : failure;
        throw reason instanceof VmetteException known ? known : new VmLostException("the run ended early", reason);
    }

    /**
     * Lets other processes of this user reach a VM by its name until it ends: {@code vmette cp} does.
     *
     * @return completes when it can be reached; fails with an {@link InvalidConfigException} if another runtime of this user has a VM of
     *     that name
     */
    public CompletionStage<Done> publish(VmHandle vm) {
        return control.work(system, server -> {
            ControlledVms.Vm known = controlled.of(vm);
            server.publish(vm.name(), known);
            vm.ended()
                    .thenAccept(end -> known.withdrawnBy(control.work(system, same -> {
                        same.withdraw(vm.name(), known);
                        return Done.getInstance();
                    })));
            return Done.getInstance();
        });
    }

    /**
     * Lets other processes of this user run commands in the VMs of a pool until it is closed: {@code vmette run --pool} does.
     *
     * @return completes when it can be reached; fails with a {@code VmetteException} if another runtime of this user has a pool of that name
     */
    public CompletionStage<Done> publish(VmPool pool) {
        return new LendingPool(pool).publish(control, system);
    }

    /**
     * Lets other processes of this user change and end a fleet: {@code vmette up} and {@code vmette down} do.
     *
     * @return completes when it can be reached; fails with a {@code VmetteException} if another runtime of this user has a fleet of that name
     */
    public CompletionStage<Done> publish(ControlledFleet fleet) {
        return control.work(system, server -> {
            server.publish(fleet);
            return Done.getInstance();
        });
    }

    /** Begins a VM that ends with its first failure. */
    VmHandle beginOnce(VmSpec spec, LaunchOptions options, Optional<String> snapshot) {
        return begin(
                spec,
                options,
                snapshot.map(id -> from(id, spec)).orElseGet(() -> origin(spec)),
                Optional.empty(),
                RecoveryPolicy.of(settings.recovery().withMode(RestartMode.TEMPORARY)),
                UnaryOperator.identity(),
                Optional.empty());
    }

    private VmHandle begin(
            VmSpec spec, Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> beforeBoot) {
        return begin(
                spec,
                LaunchOptions.DEFAULT,
                origin(spec),
                Optional.empty(),
                RecoveryPolicy.of(settings.recovery()),
                UnaryOperator.identity(),
                beforeBoot);
    }

    private VmHandle begin(
            VmSpec spec,
            LaunchOptions options,
            Origin from,
            Optional<VmService> service,
            RecoveryPolicy policy,
            UnaryOperator<Supervision> refine,
            Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> beforeBoot) {
        String name = spec.name().orElseGet(() -> "vm-" + NAMES.incrementAndGet());
        VmVsock vsock = new VmVsock(name);
        LogRing log = new LogRing(settings.log().keep(), logs);
        VmTicket ticket = VmTicket.create(name, spec, vsock, guestPort(spec, vsock), service, log);
        VmHandle vm = new VmHandle(
                ticket, settings, registry, onceUp, events, from.snapshot().isPresent());
        if (closed.get()) {
            ticket.readiness()
                    .completeExceptionally(
                            new VmLostException("the runtime is closed: VM " + name + " was not launched"));
            ticket.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
            return vm;
        }
        VmAdmission way = admission.vm(
                name,
                options.group(),
                spec.memoryMib(),
                options.whenFull().orElse(settings.admission().whenFull()));
        Launching launching = Launching.create(way);
        alive.put(ticket, launching);
        if (registryOver.isDone()) {
            abandon();
        }
        living.add(vm);
        vsocks.add(vsock);
        ticket.onEnd(() -> {
            alive.remove(ticket);
            living.remove(vm);
            vsocks.end(vsock);
        });
        if (closed.get()) {
            settleAfterClose(ticket);
            return vm;
        }
        if (beforeBoot.isPresent()) {
            launching.boundWhen(
                    system.thenCompose(up -> beforeBoot.get().apply(vm).thenApply(done -> Done.getInstance())));
        } else {
            launching.bound().complete(Done.getInstance());
        }
        // Before any incarnation: one that is restarted meanwhile has no other ports.
        launching
                .admission()
                .opensWith(launching.bound().thenCompose(done -> vm.publish()).thenAccept(open -> {
                    tellChosenPorts(spec.name(), open);
                    echo(ticket);
                }));
        CompletionStage<Machine> machine = launching
                .machine()
                .after(launching.admission().enter(), unwanted -> from.snapshot()
                        .map(snapshot -> machines.restore(spec, name, snapshot.id(), vsock::attachShut))
                        .orElseGet(() -> machines.begin(spec, name, vsock::attach, unwanted)));
        Supervision supervision = Templates.withSnapshots(
                        refine.apply(machines.supervision(name, policy)), spec, from, machines, foreign)
                .withFirst(from)
                .withAdmission(launching.admission())
                .andEvents(event -> {
                    // Its supervisor answers for it from here on. Nothing of a former incarnation is kept for as long
                    // as its VM lives.
                    if (event instanceof VmEvent.Began) {
                        alive.computeIfPresent(ticket, (same, begun) -> begun.withoutMachine());
                    }
                    events.publish(event);
                });
        vm.tellRegistry(new VmRegistry.Launch(ticket, supervision, Optional.of(machine)));
        registry.minimalCompletionStage().exceptionally(failure -> {
            launching.admission().end();
            machine.thenCompose(Machine::close);
            ticket.readiness().completeExceptionally(failure);
            ticket.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
            return null;
        });
        if (registryOver.isDone()) {
            abandon();
        }
        return vm;
    }

    /** The registry is gone: whom it has not taken up nobody else will, and what its supervisors wait for must not keep them. */
    private void abandon() {
        alive.forEach((ticket, launching) -> {
            VmLostException reason = new VmLostException("VM " + ticket.name()
                    + " was not launched: the runtime is closed, or its ActorSystem has terminated");
            CompletionStage<?> gone = launching.abandon(reason);
            if (ticket.incarnation().get() == 0) {
                gone.thenRun(() -> {
                    ticket.readiness().completeExceptionally(reason);
                    ticket.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
                });
            }
        });
    }

    /** Who left the choice of a host port to us has to learn it. */
    private void tellChosenPorts(Optional<String> vm, List<PortForward> open) {
        open.stream()
                .filter(forward -> forward.asked() == 0)
                .forEach(forward -> progress.accept("127.0.0.1:" + forward.hostPort() + " leads to port "
                        + forward.guestPort() + " of " + vm.orElse("the guest")));
    }

    /** The registry does not answer any more. */
    private static void settleAfterClose(VmTicket ticket) {
        ticket.readiness()
                .completeExceptionally(
                        new VmLostException("the runtime is closed: VM " + ticket.name() + " was not launched"));
        ticket.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
    }

    private static Optional<Integer> guestPort(VmSpec spec, VmVsock vsock) {
        if (spec.vsockPort() < 0) {
            return Optional.empty();
        }
        return Optional.of(spec.vsockPort() == 0 ? vsock.freePort() : spec.vsockPort());
    }

    /** A port of the guest's that the client did not bind echoes. */
    private void echo(VmTicket ticket) {
        VmVsock vsock = ticket.vsock();
        ticket.guestPort()
                .filter(port -> !vsock.isBound(port))
                .ifPresent(port -> vsock.listen(port, settings.vsock().backlog(), new EchoAcceptor()));
    }

    /**
     * Ends every VM and waits until nothing of them is left. An ActorSystem of the runtime's own is terminated, but not waited for:
     * {@code system().getWhenTerminated()} says when it is gone. Idempotent.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        // So that none of them starts anything anew.
        pools.close();
        fleetNames.fleets().forEach(Fleet::down);
        registry.minimalCompletionStage().thenAccept(actor -> actor.tell(new VmRegistry.StopAll()));
        // A machine that is not made yet is not going to be: what its launch waits for may never happen.
        alive.forEach((ticket, launching) -> launching
                .bound()
                .completeExceptionally(
                        new VmLostException("the runtime is closed: VM " + ticket.name() + " was not launched")));
        CompletableFuture<?>[] endings =
                alive.keySet().stream().map(VmTicket::ending).toArray(CompletableFuture[]::new);
        await(CompletableFuture.allOf(endings), CLOSE_SECONDS);
        journal.close();
        // A method reference would load Micrometer where there is none to close.
        if (endpoint.isPresent()) {
            endpoint.get().close();
        }
        events.close();
        if (ownsSystem) {
            await(events.taken().toCompletableFuture(), EVENTS_SECONDS);
        }
        controlled.close();
        control.close();
        machines.close();
        if (ownsSystem && !system.isCompletedExceptionally()) {
            system().terminate();
        }
        // Those launched while this was under way, and any whose end was not to be had in time.
        alive.keySet().forEach(Vmette::settleAfterClose);
    }

    private static void await(CompletableFuture<?> future, long seconds) {
        try {
            future.get(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // What is left of VMs is killed with the runtime's directory by machines.close().
        }
    }
}
