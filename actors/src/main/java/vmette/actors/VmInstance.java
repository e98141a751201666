package vmette.actors;

import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.PostStop;
import akka.actor.typed.Signal;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.config.RuntimeSettings;
import vmette.errors.Reasons;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.HostFrame;
import vmette.machine.Machine;
import vmette.machine.SaveReport;
import vmette.passivation.Activity;
import vmette.vmm.GuestText;
import vmette.vmm.VmmExit;

/**
 * One incarnation of a VM: its machine and the link to its agent, which live and die together. Whatever ends it, the supervisor
 * is told once, when nothing of it is left.
 */
final class VmInstance extends VmBehavior<VmInstance.Command> {
    /** How long a guest may take to power off before its monitor is told to quit. */
    private static final Duration SHUTDOWN_GRACE = Duration.ofSeconds(5);

    /** A monitor that ends takes the device and the link with it, and they are heard of first. */
    private static final Duration EXPLANATION = Duration.ofSeconds(2);

    sealed interface Command
            permits InstanceRequest,
                    Work,
                    InstanceMachine.Told,
                    AgentSession.Told,
                    Watchdog.Told,
                    Saves.Told,
                    ServiceLifecycle.Told,
                    Unexplained,
                    DeadlinePassed,
                    ShutdownGraceOver {}

    /** Of {@link GuestWork}. */
    record Work(GuestWork.Event event) implements Command {}

    private record Unexplained() implements Command {}

    private record DeadlinePassed() implements Command {}

    private record ShutdownGraceOver() implements Command {}

    /** How far it is. */
    enum Phase {
        BOOTING,
        READY,
        SAVING,
        STOPPING,
        ENDING
    }

    private final TimerScheduler<Command> timers;
    private final VmTicket vm;
    private final long incarnation;
    private final RuntimeSettings settings;
    private final Consumer<InstanceReport> supervisor;
    private final InstantSource clock;
    private final Watchdog watchdog;
    private final Saves saves;
    private final Ending ending = new Ending();
    private final InstanceMachine machine;

    private Phase phase = Phase.BOOTING;
    private GuestWork work;
    private AgentSession session;
    private Optional<ServiceLifecycle> service = Optional.empty();

    private VmInstance(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            VmTicket vm,
            long incarnation,
            RuntimeSettings settings,
            CompletionStage<Machine> making,
            Consumer<InstanceReport> supervisor,
            InstantSource clock) {
        super(context, vm.name());
        this.timers = timers;
        this.vm = vm;
        this.incarnation = incarnation;
        this.settings = settings;
        this.supervisor = supervisor;
        this.clock = clock;
        this.watchdog = new Watchdog(context, timers, vm, incarnation, settings, clock);
        this.saves = new Saves(context, vm.name(), incarnation, supervisor);
        this.machine = new InstanceMachine(context, making);
    }

    /**
     * One that begins at once.
     *
     * @param supervisor told at once, by this actor's thread: it must not block and not throw
     * @param clock never goes back
     */
    static Behavior<Command> create(
            VmTicket vm,
            long incarnation,
            RuntimeSettings settings,
            CompletionStage<Machine> making,
            Consumer<InstanceReport> supervisor,
            InstantSource clock) {
        return VmBehavior.create(
                vm.name(),
                (context, timers) ->
                        new VmInstance(context, timers, vm, incarnation, settings, making, supervisor, clock));
    }

    /** Its supervisor hears of it. */
    @Override
    void onThrown(Throwable thrown) {}

    @Override
    Behavior<Command> onCommand(Command command) {
        if (command instanceof AgentSession.Told told) {
            return onAgent(told);
        } else if (command instanceof Work own) {
            work.on(own.event());
            return this;
        } else if (command instanceof InstanceRequest request) {
            return onRequest(request);
        } else if (command instanceof Watchdog.Told told) {
            return onWatchdog(told);
        } else if (command instanceof InstanceMachine.Told told) {
            return onMachineEvent(told);
        } else if (command instanceof Saves.Told told) {
            return onSaves(told);
        } else if (command instanceof ServiceLifecycle.Told told) {
            return onService(told);
        } else if (command instanceof Unexplained) {
            return end(ending.suspected());
        } else if (command instanceof DeadlinePassed) {
            return onDeadline();
        } else if (command instanceof ShutdownGraceOver) {
            return endAsAsked();
        }
        return Behaviors.unhandled();
    }

    private Behavior<Command> onRequest(InstanceRequest request) {
        if (request instanceof InstanceRequest.OfGuest asked) {
            return onAsked(asked);
        } else if (request instanceof InstanceRequest.Save save) {
            return onSave(save);
        } else if (request instanceof InstanceRequest.Observe observe) {
            observe.reply().complete(activity());
            return this;
        } else if (request instanceof InstanceRequest.Passivate passivate) {
            return onPassivate(passivate);
        } else if (request instanceof InstanceRequest.Stop) {
            return onStop();
        } else if (request instanceof InstanceRequest.Kill) {
            return endAsAsked();
        }
        return Behaviors.unhandled();
    }

    private Behavior<Command> onMachineEvent(InstanceMachine.Told told) {
        if (told instanceof InstanceMachine.MachineMade made) {
            return onMachine(made.machine());
        } else if (told instanceof InstanceMachine.MachineFailed failed) {
            return onMachineFailed(failed.reason());
        } else if (told instanceof InstanceMachine.MachineExited exited) {
            return onMachineExited(exited.exit());
        } else if (told instanceof InstanceMachine.MachineGone gone) {
            return onMachineGone(gone.exit());
        } else if (told instanceof InstanceMachine.DeviceBroke broke) {
            return suspect(new VmFailure.DeviceBroken(broke.reason()));
        } else if (told instanceof InstanceMachine.HelperEnded ended) {
            return suspect(new VmFailure.HelperLost(ended.how()));
        }
        return Behaviors.unhandled();
    }

    @Override
    Behavior<Command> onSignal(Signal signal) {
        if (signal instanceof ChildFailed failed) {
            return end(new VmFailure.Internal(Guarded.thrown(failed.getCause())));
        } else if (signal instanceof Terminated) {
            return this;
        } else if (signal instanceof PostStop) {
            return onPostStop();
        }
        return Behaviors.unhandled();
    }

    private Behavior<Command> onMachine(Machine made) {
        machine.made(made);
        if (phase == Phase.ENDING) {
            closeMachine();
            return this;
        }
        work = new GuestWork(
                getContext(), timers, vm.name(), settings, made.setup().defaults());
        session = new AgentSession(getContext(), timers, vm, settings, made, work, watchdog);
        // Counted from here: what came before, a download perhaps, has its own bounds.
        timers.startSingleTimer(new DeadlinePassed(), settings.bootDeadline());
        machine.watch();
        session.dial(phase);
        return this;
    }

    private Behavior<Command> onAgent(AgentSession.Told told) {
        AgentSession.News news = session.on(told, phase).orElse(null);
        if (news instanceof AgentSession.Booted booted) {
            return onReady(booted.ready(), Optional.empty());
        } else if (news instanceof AgentSession.Renewed renewed) {
            return phase == Phase.BOOTING ? onReady(renewed.ready(), Optional.of(renewed.renewal())) : resume();
        } else if (news instanceof AgentSession.Unplugged) {
            return onUnplugged();
        } else if (news instanceof AgentSession.Suspected suspected) {
            return suspect(suspected.cause());
        } else if (news instanceof AgentSession.Failed failed) {
            return end(failed.cause());
        }
        return this;
    }

    private Behavior<Command> onWatchdog(Watchdog.Told told) {
        Optional<VmFailure.Cause> lost = watchdog.on(told, phase == Phase.READY);
        return lost.isPresent() ? end(lost.get()) : this;
    }

    // ---- saves

    private Behavior<Command> onSave(InstanceRequest.Save save) {
        if (saves.hold(save, phase)) {
            return this;
        }
        Optional<VmetteException> refusal = saves.refusal(save, phase, this::isBusy);
        if (refusal.isPresent()) {
            save.reply().completeExceptionally(refusal.get());
            return this;
        }
        return save(save, report -> {});
    }

    private Behavior<Command> onPassivate(InstanceRequest.Passivate order) {
        if (phase != Phase.READY
                || saves.beingWritten().isPresent()
                || !activity().isQuietSince(order.begun())) {
            order.reply().completeExceptionally(new VmBusyException("VM " + vm.name() + " is used"));
            return this;
        }
        return save(new InstanceRequest.Save(Machine.UNNAMED, true, true, order.reply()), order.kept());
    }

    private Behavior<Command> save(InstanceRequest.Save save, Consumer<SaveReport> kept) {
        phase = Phase.SAVING;
        watchdog.pause();
        work.hold();
        saves.begin(save, kept, machine.get());
        return this;
    }

    /** Its own connections are the link, and that of its service's output. */
    private boolean isBusy() {
        long own = 1L + (service.isPresent() ? 1 : 0);
        return work.isBusy(service.isPresent())
                || machine.get().vsock().counts().connections() > own;
    }

    /** Its own connections, and those of health checks, are no use of it. */
    private Activity activity() {
        boolean own = phase != Phase.READY || work.hasHealthChecks();
        long connections = own ? 0 : machine.get().vsock().counts().connections() - 1;
        return new Activity(
                (work == null ? 0 : work.open()) + Math.max(0, connections),
                (work == null ? 0 : work.begun()) + vm.vsock().begun(),
                own);
    }

    private Behavior<Command> onUnplugged() {
        if (phase == Phase.READY) {
            phase = Phase.SAVING;
            saves.beginLate();
            watchdog.pause();
            work.hold();
        }
        saves.underWay().unplugged();
        return redialIfDue();
    }

    private Behavior<Command> onSaves(Saves.Told told) {
        return switch (saves.on(told, phase)) {
            case STAY -> this;
            case REDIAL -> redialIfDue();
            case GO_ON -> onSaveOver();
            case END -> endAsAsked();
            case STOP -> onStop();
        };
    }

    private Behavior<Command> onSaveOver() {
        if (ending.hasExited()) {
            return end(ending.byExit(machine.consoleTail()));
        }
        return saves.underWay().leftAllAsItWas() ? resume() : redialIfDue();
    }

    private Behavior<Command> redialIfDue() {
        if (!saves.underWay().isToRedial() || session.hasLink()) {
            return this;
        }
        timers.startSingleTimer(new DeadlinePassed(), settings.bootDeadline());
        session.dial(phase);
        return this;
    }

    /** The guest is as it was before the save, and so is whoever deals with it. */
    private Behavior<Command> resume() {
        Saving over = saves.resumed();
        phase = Phase.READY;
        timers.cancel(new DeadlinePassed());
        if (over.leftAllAsItWas()) {
            work.goOn();
        } else {
            work.relinked(session.link());
        }
        watchdog.watch(machine.get(), session.link());
        service.ifPresent(ServiceLifecycle::learnOfService);
        over.release().forEach(getContext().getSelf()::tell);
        if (!over.isOver()) {
            return this;
        }
        over.answer();
        return over.isToStop() ? onStop() : this;
    }

    private Behavior<Command> onDeadline() {
        if (phase == Phase.BOOTING) {
            return end(new VmFailure.BootDeadline(settings.bootDeadline()));
        }
        return phase == Phase.SAVING
                ? end(new VmFailure.AgentLost("the agent does not answer again after a save, within "
                        + settings.bootDeadline().toSeconds() + " s"))
                : this;
    }

    /** What is asked for while the VM is saved waits for the end of that. */
    private boolean waits(Command message) {
        return phase == Phase.SAVING && saves.underWay().hold(message);
    }

    private Behavior<Command> onReady(AgentFrame.Ready ready, Optional<VmRenewal> renewed) {
        if (phase != Phase.BOOTING) {
            return this;
        }
        phase = Phase.READY;
        ending.becameReady();
        vm.vsock().open();
        timers.cancel(new DeadlinePassed());
        watchdog.watch(machine.get(), session.link());
        Duration bootTime = machine.sinceMade();
        supervisor.accept(new InstanceReport.BecameReady(
                incarnation,
                new VmReady(
                        GuestText.printable(ready.kernel()),
                        ready.memoryBytes(),
                        ready.bootTime(),
                        bootTime,
                        machine.get().capabilities(),
                        renewed,
                        machine.get().restoredBy())));
        service = vm.service()
                .map(what -> new ServiceLifecycle(
                        getContext(), timers, vm, what, incarnation, settings, machine.get(), work));
        service.ifPresent(own -> own.begin(clock, renewed.isPresent()));
        return this;
    }

    private Behavior<Command> onService(ServiceLifecycle.Told told) {
        if (told instanceof ServiceLifecycle.ServiceEnded ended) {
            return onServiceEnded(ended);
        } else if (told instanceof ServiceLifecycle.ServiceOverdue) {
            return powerOff();
        }
        if (phase == Phase.READY) {
            service.orElseThrow().goOn();
        } else {
            waits(told);
        }
        return this;
    }

    /** Whatever it means, the guest is well: it is powered off, so that its disks are whole. */
    private Behavior<Command> onServiceEnded(ServiceLifecycle.ServiceEnded ended) {
        if (waits(ended)) {
            return this;
        }
        Optional<VmFailure.Cause> failure = ended.failure();
        if (phase == Phase.READY) {
            phase = Phase.STOPPING;
            ending.because(failure);
            supervisor.accept(new InstanceReport.ServiceOver(incarnation, failure.isEmpty()));
            return powerOff();
        }
        return phase == Phase.STOPPING && timers.isTimerActive(new ServiceLifecycle.ServiceOverdue())
                ? powerOff()
                : this;
    }

    private Behavior<Command> powerOff() {
        timers.cancel(new ServiceLifecycle.ServiceOverdue());
        session.link().send(new HostFrame.Shutdown());
        timers.startSingleTimer(new ShutdownGraceOver(), SHUTDOWN_GRACE);
        return this;
    }

    private Behavior<Command> onAsked(InstanceRequest.OfGuest asked) {
        if (phase == Phase.READY) {
            asked.begin(work);
        } else if (!waits(asked)) {
            asked.fail(notRunning(vm.name(), asked.undone()));
        }
        return this;
    }

    static VmLostException notRunning(String vm, String so) {
        return new VmLostException("VM " + vm + " is not running" + so);
    }

    private Behavior<Command> onStop() {
        switch (phase) {
            case READY -> {
                if (saves.beingWritten().isPresent()) {
                    saves.beingWritten().get().stopAfterwards();
                    return this;
                }
                phase = Phase.STOPPING;
                if (service.isEmpty()) {
                    return powerOff();
                }
                service.get().stop();
            }
            case SAVING -> saves.underWay().stopAfterwards();
            case BOOTING -> endAsAsked();
            case STOPPING, ENDING -> {}
        }
        return this;
    }

    private Behavior<Command> onMachineFailed(Throwable failure) {
        Throwable reason = Reasons.unwrapped(failure);
        if (!machine.isMade()) {
            // Of one that was given up its failure is no news.
            if (phase != Phase.ENDING) {
                ending.because(Optional.of(notStarted(reason)));
            }
            phase = Phase.ENDING;
            return onMachineGone(Optional.empty());
        }
        return end(notStarted(reason));
    }

    private static VmFailure.Cause notStarted(Throwable reason) {
        return reason instanceof VmetteException known
                ? new VmFailure.NotStarted(known)
                : new VmFailure.Internal(reason);
    }

    private Behavior<Command> onMachineExited(VmmExit exited) {
        ending.exited(exited);
        if (phase == Phase.SAVING && saves.underWay().thenEnd()) {
            // As it should, if the save says so as well.
            return this;
        }
        if (phase == Phase.STOPPING) {
            return endAsAsked();
        }
        return end(ending.byExit(machine.consoleTail()));
    }

    /** Ends the incarnation for this reason, unless the monitor's exit tells a better one right after. */
    private Behavior<Command> suspect(VmFailure.Cause why) {
        if (phase != Phase.ENDING && phase != Phase.STOPPING && ending.suspect(why)) {
            timers.startSingleTimer(new Unexplained(), EXPLANATION);
        }
        return this;
    }

    private Behavior<Command> end(VmFailure.Cause why) {
        if (phase != Phase.ENDING) {
            if (phase != Phase.STOPPING) {
                ending.because(Optional.of(why));
            }
            beginEnd();
        }
        return this;
    }

    private Behavior<Command> endAsAsked() {
        if (phase != Phase.ENDING) {
            beginEnd();
        }
        return this;
    }

    private void beginEnd() {
        phase = Phase.ENDING;
        timers.cancelAll();
        watchdog.end();
        vm.vsock().detach();
        if (machine.isMade()) {
            closeMachine();
        } else {
            // It is still being made: onMachine closes it, onMachineFailed has nothing to close.
            supervisor.accept(new InstanceReport.Closing(incarnation, failure(Optional.empty())));
            machine.giveUp();
        }
    }

    private void closeMachine() {
        supervisor.accept(new InstanceReport.Closing(incarnation, failure(Optional.empty())));
        machine.close();
    }

    private Behavior<Command> onMachineGone(Optional<VmmExit> gone) {
        supervisor.accept(new InstanceReport.Ended(incarnation, failure(gone)));
        return Behaviors.stopped();
    }

    private Optional<VmFailure> failure(Optional<VmmExit> gone) {
        return ending.failure(vm.name(), incarnation, gone, machine::consoleTail);
    }

    private Behavior<Command> onPostStop() {
        vm.vsock().detach();
        machine.abandon();
        if (work != null) {
            work.lost();
        }
        return this;
    }
}
