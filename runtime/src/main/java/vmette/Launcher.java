package vmette;

import akka.Done;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import vmette.actors.Supervision;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmRegistry;
import vmette.actors.VmService;
import vmette.actors.VmTicket;
import vmette.actors.VmVsock;
import vmette.admission.AdmissionControl;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.events.VmEvents;
import vmette.log.LogBudget;
import vmette.log.LogRing;
import vmette.machine.Machine;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Rung;
import vmette.vsock.VsockCounts;

/** Launches the VMs of a runtime, and knows all that have not ended. Thread-safe. */
final class Launcher {
    private static final AtomicLong NAMES = new AtomicLong();

    private final RuntimeSettings settings;
    private final Machinery machines;
    private final RuntimeActors actors;
    private final AdmissionControl admission;
    private final VmEvents events;
    private final ForeignGoldens foreign;
    private final Consumer<String> progress;
    private final LogBudget logs;
    private final VsockTotals vsocks = new VsockTotals();
    private final LivingVms living = new LivingVms();
    private final Map<VmTicket, Launching> alive = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param progress told which ports of the host were chosen */
    Launcher(
            RuntimeSettings settings,
            Machinery machines,
            RuntimeActors actors,
            AdmissionControl admission,
            VmEvents events,
            ForeignGoldens foreign,
            Consumer<String> progress) {
        this.settings = settings;
        this.machines = machines;
        this.actors = actors;
        this.admission = admission;
        this.events = events;
        this.foreign = foreign;
        this.progress = progress;
        this.logs = LogBudget.of(settings.log());
    }

    /** One by the runtime's settings. Throws as {@link Machinery#find} if it is to go on from a snapshot. */
    Launch of(VmSpec spec) {
        return Launch.of(spec, origin(spec), RecoveryPolicy.of(settings.recovery()));
    }

    /** One that goes on from a snapshot. Throws as {@link Machinery#find}. */
    Launch of(VmSpec spec, String snapshot) {
        return Launch.of(spec, from(snapshot, spec), RecoveryPolicy.of(settings.recovery()));
    }

    /**
     * One of a fleet.
     *
     * @throws InvalidConfigException if it is to run what its root's image says, and has no root
     */
    Launch of(VmPlan plan) {
        boolean image = plan.run().map(run -> run.arguments().isEmpty()).orElse(false);
        if (image && plan.spec().storage().rootfs().isEmpty()) {
            throw new InvalidConfigException("the VM " + plan.name()
                    + " is to run what its root's image says, and has no root: give it a rootfs, or a command");
        }
        return Launch.of(plan.spec(), origin(plan.spec()), RecoveryPolicy.of(plan.recovery()))
                .withOptions(LaunchOptions.DEFAULT.withGroup(plan.group().orElse("")))
                .withService(plan.run().map(run -> new VmService(run, plan.mode())));
    }

    /** One that ends with its first failure. Throws as {@link Machinery#find} if it is to go on from a snapshot. */
    Launch once(VmSpec spec, Optional<String> snapshot) {
        return Launch.of(
                spec,
                snapshot.map(id -> from(id, spec)).orElseGet(() -> origin(spec)),
                RecoveryPolicy.of(settings.recovery().withMode(RestartMode.TEMPORARY)));
    }

    private Origin from(String snapshot, VmSpec spec) {
        return new Origin(Rung.GOLDEN, Optional.of(machines.find(snapshot, spec)));
    }

    private Origin origin(VmSpec spec) {
        return spec.snapshots()
                .resume()
                .map(path -> from(path.toAbsolutePath().toString(), spec))
                .orElse(Origin.BOOT);
    }

    /** Begins a VM; completes when it is ready. */
    CompletionStage<VmHandle> launch(Supplier<Launch> launch) {
        VmHandle vm;
        try {
            vm = begin(launch.get());
        } catch (VmetteException e) {
            return CompletableFuture.failedStage(e);
        }
        return vm.ready().thenApply(there -> vm);
    }

    /**
     * Begins a VM.
     *
     * @return the VM at once, ready or not; one that could not be begun has ended
     */
    VmHandle begin(Launch launch) {
        VmSpec spec = launch.spec();
        String name = spec.name().orElseGet(() -> "vm-" + NAMES.incrementAndGet());
        VmVsock vsock = new VmVsock(name);
        LogRing log = new LogRing(settings.log().keep(), logs);
        VmTicket ticket = VmTicket.create(name, spec, vsock, guestPort(spec, vsock), launch.service(), log);
        VmHandle vm = new VmHandle(
                ticket,
                settings,
                actors.registry(),
                actors.streams(),
                events,
                launch.from().snapshot().isPresent());
        if (closed.get()) {
            settleAfterClose(ticket);
            return vm;
        }
        Launching launching = Launching.create(admission.vm(
                name,
                launch.options().group(),
                spec.memoryMib(),
                launch.options().whenFull().orElse(settings.admission().whenFull())));
        keep(vm, ticket, launching);
        // Closed meanwhile, it may have been overlooked.
        if (closed.get()) {
            settleAfterClose(ticket);
            return vm;
        }
        bind(vm, ticket, launch, launching);
        CompletionStage<Machine> machine = firstMachine(ticket, launch, launching);
        vm.tellRegistry(new VmRegistry.Launch(ticket, supervision(ticket, launch, launching), Optional.of(machine)));
        actors.registry().exceptionally(failure -> {
            launching.admission().end();
            machine.thenCompose(Machine::close);
            settle(ticket, failure);
            return null;
        });
        if (actors.areOver()) {
            abandon();
        }
        return vm;
    }

    /** For as long as it lives. */
    private void keep(VmHandle vm, VmTicket ticket, Launching launching) {
        alive.put(ticket, launching);
        if (actors.areOver()) {
            abandon();
        }
        living.add(vm);
        vsocks.add(ticket.vsock());
        ticket.onEnd(() -> {
            alive.remove(ticket);
            living.remove(vm);
            vsocks.end(ticket.vsock());
        });
    }

    /** Before any incarnation: one that is restarted meanwhile has no other ports. */
    private void bind(VmHandle vm, VmTicket ticket, Launch launch, Launching launching) {
        launch.beforeBoot()
                .ifPresentOrElse(
                        first -> launching.boundWhen(actors.onceUp()
                                .thenCompose(up -> first.apply(vm).thenApply(done -> Done.getInstance()))),
                        () -> launching.bound().complete(Done.getInstance()));
        launching
                .admission()
                .opensWith(launching.bound().thenCompose(done -> vm.publish()).thenAccept(open -> {
                    tellChosenPorts(launch.spec().name(), open);
                    echo(ticket);
                }));
    }

    private CompletionStage<Machine> firstMachine(VmTicket ticket, Launch launch, Launching launching) {
        VmSpec spec = launch.spec();
        VmVsock vsock = ticket.vsock();
        return launching.machine().after(launching.admission().enter(), unwanted -> launch.from()
                .snapshot()
                .map(snapshot -> machines.restore(spec, ticket.name(), snapshot.id(), vsock::attachShut))
                .orElseGet(() -> machines.begin(spec, ticket.name(), vsock::attach, unwanted)));
    }

    private Supervision supervision(VmTicket ticket, Launch launch, Launching launching) {
        return Templates.withSnapshots(
                        launch.refine().apply(machines.supervision(ticket.name(), launch.policy())),
                        launch.spec(),
                        launch.from(),
                        machines,
                        foreign)
                .withFirst(launch.from())
                .withAdmission(launching.admission())
                .andEvents(event -> {
                    // Its supervisor answers for it from here on. Nothing of a former incarnation is kept for as long
                    // as its VM lives.
                    if (event instanceof VmEvent.Began) {
                        alive.computeIfPresent(ticket, (same, begun) -> begun.withoutMachine());
                    }
                    events.publish(event);
                });
    }

    /** The registry is gone: whom it has not taken up nobody else will, and what its supervisors wait for must not keep them. */
    void abandon() {
        alive.forEach((ticket, launching) -> {
            VmLostException reason = new VmLostException("VM " + ticket.name()
                    + " was not launched: the runtime is closed, or its ActorSystem has terminated");
            CompletionStage<?> gone = launching.abandon(reason);
            if (ticket.incarnation().get() == 0) {
                gone.thenRun(() -> settle(ticket, reason));
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
        settle(ticket, new VmLostException("the runtime is closed: VM " + ticket.name() + " was not launched"));
    }

    private static void settle(VmTicket ticket, Throwable reason) {
        ticket.readiness().completeExceptionally(reason);
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

    /** The living VM of that name. */
    Optional<VmHandle> find(String name) {
        return living.find(name);
    }

    /** The names of those that have not ended. */
    Stream<String> names() {
        return alive.keySet().stream().map(VmTicket::name);
    }

    /** What has gone over the vsocks of all. */
    VsockCounts traffic() {
        return vsocks.sum();
    }

    boolean isClosed() {
        return closed.get();
    }

    /** From now on nothing is launched. False: it was so before. */
    boolean close() {
        return closed.compareAndSet(false, true);
    }

    /**
     * A machine that is not made yet is not going to be: what its launch waits for may never happen.
     *
     * @return completes when all have ended
     */
    CompletableFuture<Void> giveUp() {
        alive.forEach((ticket, launching) -> launching
                .bound()
                .completeExceptionally(
                        new VmLostException("the runtime is closed: VM " + ticket.name() + " was not launched")));
        return CompletableFuture.allOf(
                alive.keySet().stream().map(VmTicket::ending).toArray(CompletableFuture[]::new));
    }

    /** Those launched while the end was under way, and any whose end was not to be had in time. */
    void settle() {
        alive.keySet().forEach(Launcher::settleAfterClose);
    }
}
