package vmette;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Source;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import vmette.actors.VmEvent;
import vmette.admission.AdmissionControl;
import vmette.admission.AdmissionStatus;
import vmette.config.ExecSpec;
import vmette.config.PoolPlan;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.control.ControlledFleet;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.events.JournalWriter;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.events.VmStatus;
import vmette.machine.QemuMachines;
import vmette.metrics.MetricsEndpoint;
import vmette.metrics.VmetteMetrics;
import vmette.process.HostMemory;
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

    /** Clones that are made at a time. */
    static final int MOST_CLONES = 256;

    private final RuntimeSettings settings;
    private final Machinery machines;
    private final RuntimeActors actors;
    private final AdmissionControl admission;
    private final VmEvents events;
    private final VmBoard board = new VmBoard();
    private final ControlledVms controlled = new ControlledVms(this);
    private final LazyControl control;
    private final JournalWriter journal;
    private final Launcher launcher;
    private final SingleRun runs;
    private final Pools pools;
    private final FleetNames fleetNames;
    private final Optional<MetricsEndpoint> endpoint;

    private Vmette(
            RuntimeSettings settings, Consumer<String> progress, Machinery machines, Optional<ActorSystem<?>> callers) {
        this.settings = settings;
        this.machines = machines;
        this.actors = new RuntimeActors(settings, machines, callers);
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
        ForeignGoldens foreign = new ForeignGoldens(events::publish);
        this.launcher = new Launcher(settings, machines, actors, admission, events, foreign, progress);
        this.runs = new SingleRun(actors.streams());
        this.fleetNames = new FleetNames(launcher::names);
        this.pools = new Pools(this, machines, progress, foreign);
        this.journal = new JournalWriter(machines.journal());
        events.listen(journal);
        // Before anything is started that would have to be ended if the port is taken.
        this.endpoint = settings.metrics().isOn()
                ? Optional.of(MetricsEndpoint.open(settings.metrics().port(), metrics()))
                : Optional.empty();
        actors.start(launcher::abandon);
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
        return actors.system();
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
        return launcher.launch(() -> launcher.of(spec));
    }

    /**
     * As {@link #launch(VmSpec)}, with a say about its turn to come up.
     *
     * @return fails also with an {@link vmette.errors.AdmissionRefusedException}
     */
    public CompletionStage<VmHandle> launch(VmSpec spec, LaunchOptions options) {
        return launcher.launch(() -> launcher.of(spec).withOptions(options));
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
        return launcher.launch(() -> launcher.of(spec, snapshot).withOptions(options));
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
        return launcher.launch(() -> launcher.of(spec).withBeforeBoot(Optional.of(beforeBoot)));
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
        return launcher.find(name);
    }

    /**
     * Launches a VM of a fleet: under its own settings of recovery, and with what it runs.
     *
     * @return as {@link #launch(VmSpec)}; what the VM runs begins after that, and anew in each incarnation
     * @throws InvalidConfigException if it is to run what its root's image says, and has no root
     */
    public CompletionStage<VmHandle> launch(VmPlan plan) {
        VmHandle vm = launcher.begin(launcher.of(plan));
        return vm.ready().thenApply(ready -> vm);
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
        if (launcher.isClosed()) {
            throw new VmLostException("the runtime is closed: nothing was deployed");
        }
        return new Fleet(
                deployment,
                fleetNames,
                (plan, refine) ->
                        launcher.begin(launcher.of(plan).withRefinement(refine).withBeforeBoot(beforeBoot)),
                actors::spawn);
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
        return new VmetteMetrics(events, board, launcher::traffic, pools::listen);
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
        return run(spec, SingleRun.command(spec), streams, execution -> {});
    }

    /**
     * As {@link #run(VmSpec, RunStreams)}, after something has been done with the VM.
     *
     * @param beforeBoot as for {@link #launch(VmSpec, Function)}, such as {@link #publish}
     */
    public CompletionStage<ExitStatus> run(
            VmSpec spec, RunStreams streams, Function<VmHandle, ? extends CompletionStage<?>> beforeBoot) {
        return run(spec, SingleRun.command(spec), streams, execution -> {}, beforeBoot);
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
        return runs.run(launcher.begin(launcher.of(spec)), command, streams, begun);
    }

    /**
     * As {@link #run(VmSpec, ExecSpec, RunStreams, Consumer)}, with streams that are made while the VM comes up, which is sooner in a JVM that has
     * made none yet.
     */
    public CompletionStage<ExitStatus> run(VmSpec spec, ExecSpec command, Supplier<RunStreams> streams) {
        VmHandle vm = launcher.begin(launcher.of(spec));
        RunStreams made;
        try {
            made = streams.get();
        } catch (RuntimeException | Error e) {
            vm.stop();
            throw e;
        }
        return runs.run(vm, command, made, execution -> {});
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
        return runs.run(
                launcher.begin(launcher.of(spec).withBeforeBoot(Optional.of(beforeBoot))), command, streams, begun);
    }

    /**
     * Lets other processes of this user reach a VM by its name until it ends: {@code vmette cp} does.
     *
     * @return completes when it can be reached; fails with an {@link InvalidConfigException} if another runtime of this user has a VM of
     *     that name
     */
    public CompletionStage<Done> publish(VmHandle vm) {
        return controlled.publish(vm, control, actors.onceUp());
    }

    /**
     * Lets other processes of this user run commands in the VMs of a pool until it is closed: {@code vmette run --pool} does.
     *
     * @return completes when it can be reached; fails with a {@code VmetteException} if another runtime of this user has a pool of that name
     */
    public CompletionStage<Done> publish(VmPool pool) {
        return new LendingPool(pool).publish(control, actors.onceUp());
    }

    /**
     * Lets other processes of this user change and end a fleet: {@code vmette up} and {@code vmette down} do.
     *
     * @return completes when it can be reached; fails with a {@code VmetteException} if another runtime of this user has a fleet of that name
     */
    public CompletionStage<Done> publish(ControlledFleet fleet) {
        return control.work(actors.onceUp(), server -> {
            server.publish(fleet);
            return Done.getInstance();
        });
    }

    /** Begins a VM that ends with its first failure. */
    VmHandle beginOnce(VmSpec spec, LaunchOptions options, Optional<String> snapshot) {
        return launcher.begin(launcher.once(spec, snapshot).withOptions(options));
    }

    /**
     * Ends every VM and waits until nothing of them is left. An ActorSystem of the runtime's own is terminated, but not waited for:
     * {@code system().getWhenTerminated()} says when it is gone. Idempotent.
     */
    @Override
    public void close() {
        if (!launcher.close()) {
            return;
        }
        // So that none of them starts anything anew.
        pools.close();
        fleetNames.fleets().forEach(Fleet::down);
        actors.stopAll();
        await(launcher.giveUp(), CLOSE_SECONDS);
        journal.close();
        // A method reference would load Micrometer where there is none to close.
        if (endpoint.isPresent()) {
            endpoint.get().close();
        }
        events.close();
        if (actors.areOwn()) {
            await(events.taken().toCompletableFuture(), EVENTS_SECONDS);
        }
        controlled.close();
        control.close();
        machines.close();
        actors.terminate();
        launcher.settle();
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
