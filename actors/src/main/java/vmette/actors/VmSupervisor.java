package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.PostStop;
import akka.actor.typed.Signal;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.admission.VmAdmission;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.machine.Making;
import vmette.machine.SaveReport;
import vmette.recovery.Decision;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.vsock.VsockHost;

/**
 * Owns one VM: holds its ticket and its present incarnation, and decides what follows a failure. Incarnations never overlap: the
 * next begins when nothing of the former is left. A state machine, see {@link SupervisorState}.
 */
public final class VmSupervisor extends VmBehavior<VmSupervisor.Command> {
    private static final Logger LOG = LoggerFactory.getLogger(VmSupervisor.class);

    /** Commands that may wait for the VM to be ready, and as many connections. */
    static final int STASH = 256;

    /** How long a machine that is told to end may take: its monitor is killed after 2 s, and dies unless the host's kernel holds it. */
    static final Duration CLOSE_PATIENCE = Duration.ofSeconds(60);

    /** What a supervisor understands. */
    public sealed interface Command
            permits VmRequest,
                    Stop,
                    Restart,
                    Hold,
                    Go,
                    Resupervise,
                    Leave,
                    Waited,
                    TimeoutPassed,
                    DelayOver,
                    CloseOverdue,
                    GoldenOver,
                    CheckpointDue,
                    CheckpointOver,
                    Passivation.Told,
                    InstanceSaid {}

    /**
     * Ends the VM; {@link VmTicket#ended} says when. One that has ended need not hear of it.
     *
     * @param because what made whoever stops it do so; empty: its owner wants it
     */
    public record Stop(Optional<String> because) implements Command, DeadLetterSuppression {
        /** As its owner wants it. */
        public Stop() {
            this(Optional.empty());
        }
    }

    /** Ends the present incarnation as {@link Stop} does and boots another, whatever the mode of recovery. */
    public record Restart() implements Command, DeadLetterSuppression {}

    /**
     * Of a VM's group: ends the present incarnation as {@link Restart} does; another begins after {@link Go}. What is asked of the VM waits for it. {@link
     * MemberReport.Held} says that nothing is left.
     *
     * @param order higher than that of any order before, else this is stale and ignored
     * @param why {@link VmFailure.GroupRestart} or {@link VmFailure.OperatorRestart}
     */
    public record Hold(long order, VmFailure.Cause why) implements Command, DeadLetterSuppression {}

    /**
     * Of a VM's group: another incarnation may begin, once the delay that follows the VM's own failure is over.
     *
     * @param order as that of {@link Hold}
     */
    public record Go(long order) implements Command, DeadLetterSuppression {}

    /** Decides by another policy from now on. */
    public record Resupervise(RecoveryPolicy policy) implements Command, DeadLetterSuppression {}

    /** As {@link Stop}, and the name is not kept either. */
    record Leave() implements Command, DeadLetterSuppression {}

    /** The patience for a request has ended. */
    record Waited(VmRequest.Delayable request) implements Command {}

    private record TimeoutPassed() implements Command {}

    private record DelayOver(long epoch) implements Command {}

    private record CloseOverdue(long epoch) implements Command {}

    private record GoldenOver(long epoch, VmReady ready) implements Command, DeadLetterSuppression {}

    private record CheckpointDue(long epoch) implements Command {}

    private record CheckpointOver(long epoch, Optional<SaveReport> report, Optional<Throwable> failure)
            implements Command, DeadLetterSuppression {}

    private record InstanceSaid(InstanceReport report) implements Command {}

    private final TimerScheduler<Command> timers;
    private final VmTicket vm;
    private final RuntimeSettings settings;
    private final MachineFactory machines;
    private final Recoveries recoveries;
    private final VmSnapshots snapshots;
    private final Passivation passivation;
    private final InstantSource clock;
    private final VmAdmission admission;
    private final Consumer<VmEvent> events;
    private final Consumer<InstanceReport> reports;
    private final Requests requests;
    private Optional<String> because = Optional.empty();
    private final Membership membership;
    private final OrderedRestarts restarts;

    private SupervisorState state = new SupervisorState.Starting();
    private Incarnation current;
    private Origin next;
    private boolean delayed;
    private boolean leaving;
    private Optional<Throwable> crash = Optional.empty();

    private VmSupervisor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            VmTicket vm,
            RuntimeSettings settings,
            MachineFactory machines,
            Supervision supervision,
            Optional<CompletionStage<Machine>> begun) {
        super(context, vm.name());
        this.timers = timers;
        this.vm = vm;
        this.settings = settings;
        this.machines = machines;
        this.clock = supervision.clock();
        this.admission = supervision.admission();
        // Also told after this actor's end, on other threads.
        this.events = event -> Guarded.attempt(
                () -> supervision.events().accept(event),
                thrown -> LOG.error(
                        "who listens to VM {} failed at {}",
                        vm.name(),
                        event.getClass().getSimpleName(),
                        thrown));
        this.passivation = new Passivation(context, timers, vm, supervision, machines::discard, events);
        this.recoveries = new Recoveries(supervision.withShelf(passivation.shelf()));
        this.snapshots = new VmSnapshots(vm, passivation.shelf());
        this.next = supervision.first();
        this.requests =
                new Requests(vm.name(), timers, settings.forward().connectTimeout(), STASH, supervision.clock());
        this.membership = new Membership(supervision.group());
        this.restarts = new OrderedRestarts(vm.name(), STASH);
        ActorRef<Command> self = context.getSelf();
        this.reports = report -> self.tell(new InstanceSaid(report));
        if (!vm.spec().timeout().isZero()) {
            timers.startSingleTimer(new TimeoutPassed(), vm.spec().timeout());
        }
        events.accept(new VmEvent.Launched(vm.name(), clock.instant()));
        begin(begun.orElseGet(this::enter));
    }

    /**
     * A supervisor that begins at once.
     *
     * @param begun the first incarnation's machine, if it is being made already
     */
    public static Behavior<Command> create(
            VmTicket vm,
            RuntimeSettings settings,
            MachineFactory machines,
            Supervision supervision,
            Optional<CompletionStage<Machine>> begun) {
        // Akka keeps what a behaviour was made of for as long as its actor lives, which is longer than a machine does.
        AtomicReference<Optional<CompletionStage<Machine>>> first = new AtomicReference<>(begun);
        return VmBehavior.create(vm.name(), (context, timers) -> {
            Optional<CompletionStage<Machine>> taken = first.getAndSet(Optional.empty());
            return born(
                    vm,
                    supervision,
                    taken,
                    () -> new VmSupervisor(context, timers, vm, settings, machines, supervision, taken));
        });
    }

    /** Whoever waits for a VM whose supervisor fails before it is one is told all the same. */
    private static VmSupervisor born(
            VmTicket vm,
            Supervision supervision,
            Optional<CompletionStage<Machine>> begun,
            Supplier<VmSupervisor> making) {
        try {
            return making.get();
        } catch (RuntimeException | Error e) {
            supervision.admission().end();
            begun.ifPresent(machine -> {
                Making.giveUp(machine);
                machine.thenAccept(Machine::close);
            });
            VmFailure failure = new VmFailure(
                    vm.name(), 1, new VmFailure.Internal(e), false, Optional.empty(), java.util.List.of());
            vm.vsock().end();
            vm.readiness().completeExceptionally(failure.toException());
            vm.ending().complete(VmEnd.failed(failure));
            throw e;
        }
    }

    @Override
    void onThrown(Throwable thrown) {
        crash = Optional.of(thrown);
    }

    @Override
    Behavior<Command> onCommand(Command command) {
        if (command instanceof VmRequest request) {
            onRequest(request);
            return follow(passivation.asked(request, current));
        } else if (command instanceof Passivation.Told told) {
            return follow(passivation.on(told, current));
        } else if (command instanceof InstanceSaid said) {
            return onReport(said.report());
        } else if (command instanceof Waited waited) {
            requests.late(waited.request());
            return this;
        } else if (command instanceof Stop stop) {
            because = isToEnd() ? because : stop.because();
            return onStop(VmEnd.How.STOPPED);
        } else if (command instanceof TimeoutPassed) {
            return onStop(VmEnd.How.TIMED_OUT);
        } else if (command instanceof Leave) {
            return onLeave();
        } else if (command instanceof Restart) {
            return onRestart();
        } else if (command instanceof Hold hold) {
            return onHold(hold);
        } else if (command instanceof Go go) {
            return onGo(go);
        } else if (command instanceof Resupervise other) {
            recoveries.decideBy(other.policy());
            return this;
        } else if (command instanceof DelayOver over) {
            return onDelayOver(over.epoch());
        } else if (command instanceof GoldenOver over) {
            return over.epoch() == current.number() ? onPrepared(over.ready()) : this;
        } else if (command instanceof CheckpointDue due) {
            return onCheckpointDue(due.epoch());
        } else if (command instanceof CheckpointOver over) {
            return onCheckpointOver(over);
        } else if (command instanceof CloseOverdue overdue) {
            return onCloseOverdue(overdue.epoch());
        }
        return Behaviors.unhandled();
    }

    private Behavior<Command> onRequest(VmRequest request) {
        if (request instanceof VmRequest.Run run) {
            return onRun(run);
        } else if (request instanceof VmRequest.Forward forward) {
            return onForward(forward);
        } else if (request instanceof VmRequest.Find find) {
            return pass(find, new InstanceRequest.Find(find.execution(), find.reply()));
        } else if (request instanceof VmRequest.Ping ping) {
            return pass(ping, new InstanceRequest.Ping(ping.reply()));
        } else if (request instanceof VmRequest.Save save) {
            return pass(save, new InstanceRequest.Save(save.snapshot(), save.thenEnd(), true, save.reply()));
        } else if (request instanceof VmRequest.Restart restart) {
            return onRestartAsked(restart);
        }
        return Behaviors.unhandled();
    }

    @Override
    Behavior<Command> onSignal(Signal signal) {
        if (signal instanceof Terminated terminated) {
            return onTerminated(terminated);
        } else if (signal instanceof PostStop) {
            return onPostStop();
        }
        return Behaviors.unhandled();
    }

    private Behavior<Command> become(SupervisorState other) {
        LOG.debug("VM {}: {} -> {}", vm.name(), state, other);
        state = other;
        return this;
    }

    // ---- what begins

    private CompletionStage<Machine> enter() {
        // Whoever admits it does so on a thread of his own: what is to be made is settled here.
        Origin from = next;
        long number = nextNumber();
        return new Making().after(admission.enter(), unwanted -> make(from, number, unwanted));
    }

    private CompletionStage<Machine> make(Origin from, long number, CompletionStage<?> unwanted) {
        Consumer<VsockHost> attach = from.snapshot().isPresent()
                ? host -> vm.vsock().attachShut(host, number)
                : host -> vm.vsock().attach(host, number);
        try {
            return from.snapshot().isPresent()
                    ? machines.restore(
                            vm.spec(), vm.name(), from.snapshot().get().id(), attach)
                    : machines.begin(vm.spec(), vm.name(), attach, unwanted);
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    private long nextNumber() {
        return current == null ? 1 : current.number() + 1;
    }

    private Behavior<Command> begin(CompletionStage<Machine> making) {
        long number = nextNumber();
        ActorRef<VmInstance.Command> actor = getContext()
                .spawn(VmInstance.create(vm, number, settings, making, reports, clock), "incarnation-" + number);
        getContext().watch(actor);
        Instant now = recoveries.now();
        current = new Incarnation(vm.name(), number, next, making, actor, now);
        vm.incarnation().set(number);
        events.accept(new VmEvent.Began(vm.name(), number, now, next));
        return become(new SupervisorState.Starting());
    }

    private Behavior<Command> onDelayOver(long epoch) {
        if (!(state instanceof SupervisorState.Recovering) || epoch != current.number()) {
            return this;
        }
        delayed = false;
        return goOn();
    }

    /** From Recovering, when neither the delay nor the VM's group is to be waited for. */
    private Behavior<Command> goOn() {
        return delayed || membership.isHeld() ? this : begin(enter());
    }

    // ---- passivation

    private Behavior<Command> follow(Passivation.Turn turn) {
        switch (turn) {
            case SAVING -> become(new SupervisorState.Passivating());
            case GO_ON -> {
                become(new SupervisorState.Ready());
                passOn();
            }
            case WAKE -> {
                next = passivation.origin();
                begin(enter());
            }
            case STAY -> {}
        }
        return this;
    }

    private void passOn() {
        requests.passOn(current.actor());
        passivation.passOn(requests, current);
    }

    /** Nothing of the incarnation is left but its snapshot. */
    private Behavior<Command> rest() {
        admission.vacate();
        become(new SupervisorState.Passive());
        return follow(passivation.rest(current));
    }

    /** As if it had never been saved: what follows is a boot. */
    private void forget() {
        passivation.down();
        next = Origin.BOOT;
        delayed = false;
        become(new SupervisorState.Recovering());
    }

    private boolean isPassive() {
        return state instanceof SupervisorState.Passive;
    }

    private boolean isUp() {
        return state instanceof SupervisorState.Ready
                || state instanceof SupervisorState.Passivating
                || state instanceof SupervisorState.Passive;
    }

    // ---- what is asked

    private Behavior<Command> onRun(VmRequest.Run run) {
        requests.run(run, standing(), current.actor());
        return this;
    }

    private Behavior<Command> onForward(VmRequest.Forward forward) {
        requests.connect(forward, standing(), current.actor());
        return this;
    }

    private Requests.Standing standing() {
        if (state instanceof SupervisorState.GivenUp) {
            return Requests.Standing.ENDED;
        }
        if (isToEnd()) {
            return Requests.Standing.ENDING;
        }
        return state instanceof SupervisorState.Ready && current.isThere()
                ? Requests.Standing.READY
                : Requests.Standing.COMING;
    }

    private VmEnd.How howToEnd() {
        return state instanceof SupervisorState.Stopping stopping
                ? stopping.how().orElse(VmEnd.How.STOPPED)
                : VmEnd.How.STOPPED;
    }

    private boolean isToEnd() {
        return state instanceof SupervisorState.Stopping stopping
                && stopping.how().isPresent();
    }

    private Behavior<Command> pass(VmRequest request, VmInstance.Command message) {
        if (passivation.keeps(request, message)) {
            return this;
        }
        if (state instanceof SupervisorState.Recovering || state instanceof SupervisorState.GivenUp) {
            request.fail(new VmLostException("VM " + vm.name() + " is not running"));
        } else {
            requests.pass(request, message, current.actor());
        }
        return this;
    }

    // ---- what ends

    private Behavior<Command> onStop(VmEnd.How how) {
        if (state instanceof SupervisorState.GivenUp || isToEnd()) {
            return this;
        }
        if (state instanceof SupervisorState.Recovering || isPassive()) {
            return over(VmEnd.of(how).withBecause(because));
        }
        current.actor().tell(how == VmEnd.How.TIMED_OUT ? new InstanceRequest.Kill() : new InstanceRequest.Stop());
        return stopping(Optional.of(how));
    }

    private Behavior<Command> onLeave() {
        leaving = true;
        return state instanceof SupervisorState.GivenUp ? Behaviors.stopped() : onStop(VmEnd.How.STOPPED);
    }

    private Behavior<Command> onRestart() {
        if (isPassive()) {
            forget();
        }
        if (state instanceof SupervisorState.Recovering) {
            timers.cancel(new DelayOver(current.number()));
            next = Origin.BOOT;
            delayed = false;
            return goOn();
        }
        if (state instanceof SupervisorState.Starting
                || state instanceof SupervisorState.Ready
                || state instanceof SupervisorState.Passivating) {
            current.actor().tell(new InstanceRequest.Stop());
            return stopping(Optional.empty());
        }
        return this;
    }

    private Behavior<Command> onHold(Hold hold) {
        if (!membership.takes(hold)) {
            return this;
        }
        if (isPassive()) {
            forget();
        }
        if (state instanceof SupervisorState.Recovering) {
            membership.held();
            return this;
        }
        return onRestart();
    }

    private Behavior<Command> onGo(Go go) {
        if (!membership.takes(go)) {
            return this;
        }
        if (isUp()) {
            membership.cameUp(current.number());
        }
        return state instanceof SupervisorState.Recovering ? goOn() : this;
    }

    private Behavior<Command> onRestartAsked(VmRequest.Restart asked) {
        if (state instanceof SupervisorState.GivenUp || isToEnd()) {
            asked.fail(new VmLostException(
                    "VM " + vm.name() + (isToEnd() ? " is being stopped" : " has ended") + ": it was not restarted"));
            return this;
        }
        return restarts.add(current.number(), asked.reply()) ? onRestart() : this;
    }

    private Behavior<Command> stopping(Optional<VmEnd.How> how) {
        passivation.down();
        admission.cancel();
        events.accept(new VmEvent.Stopping(vm.name(), current.number(), clock.instant(), how));
        return become(new SupervisorState.Stopping(how));
    }

    private Behavior<Command> onReport(InstanceReport report) {
        if (report.incarnation() != current.number()) {
            return this;
        }
        if (report instanceof InstanceReport.BecameReady became) {
            return onReady(became.ready());
        } else if (report instanceof InstanceReport.Closing closing) {
            awaitClose(closing.failure());
        } else if (report instanceof InstanceReport.Saved saved && !passivation.took(saved.report())) {
            events.accept(new VmEvent.Saved(vm.name(), current.number(), clock.instant(), saved.report()));
        } else if (report instanceof InstanceReport.ServiceOver over) {
            return onServiceOver(over.completed());
        } else if (report instanceof InstanceReport.Ended ended) {
            current.ended(ended);
            return onceOver();
        }
        return this;
    }

    private Behavior<Command> onReady(VmReady ready) {
        admission.settled();
        Optional<String> golden = state instanceof SupervisorState.Starting
                        && current.from().snapshot().isEmpty()
                ? snapshots.goldenToTake()
                : Optional.empty();
        if (golden.isEmpty()) {
            return onPrepared(ready);
        }
        // Nothing is asked of the guest meanwhile but what the template wants to be done.
        long epoch = current.number();
        getContext()
                .pipeToSelf(
                        snapshots.takeGolden(golden.get(), current.actor()),
                        (taken, failure) -> new GoldenOver(epoch, ready));
        return this;
    }

    private Behavior<Command> onCheckpointDue(long epoch) {
        if (epoch == current.number() && state instanceof SupervisorState.Passivating) {
            checkpointIn(snapshots.untilNext(false));
        } else if (epoch == current.number() && state instanceof SupervisorState.Ready) {
            getContext()
                    .pipeToSelf(
                            snapshots.takeCheckpoint(current.actor()),
                            (report, failure) -> new CheckpointOver(
                                    epoch, Optional.ofNullable(report), Optional.ofNullable(failure)));
        }
        return this;
    }

    private Behavior<Command> onCheckpointOver(CheckpointOver over) {
        snapshots.checkpointOver(over.report(), over.failure());
        if (over.epoch() == current.number()
                && (state instanceof SupervisorState.Ready || state instanceof SupervisorState.Passivating)) {
            checkpointIn(snapshots.untilNext(over.report().isPresent()));
        }
        return this;
    }

    private void checkpointIn(Duration time) {
        if (!time.isZero()) {
            timers.startSingleTimer(new CheckpointDue(current.number()), time);
        }
    }

    /** The incarnation is ready for everybody. */
    private Behavior<Command> onPrepared(VmReady ready) {
        Instant now = recoveries.now();
        current.becameReady(now);
        recoveries.ready(current);
        events.accept(new VmEvent.BecameReady(vm.name(), current.number(), now, ready));
        vm.readiness().complete(ready);
        restarts.ready(current.number(), ready);
        if (!(state instanceof SupervisorState.Starting)) {
            return this;
        }
        become(new SupervisorState.Ready());
        checkpointIn(snapshots.untilNext(true));
        membership.cameUp(current.number());
        passivation.ready(current);
        passOn();
        return this;
    }

    /** The incarnation powers its guest off; what follows depends on how it was that its service ended. */
    private Behavior<Command> onServiceOver(boolean completed) {
        current.leaving();
        return completed && state instanceof SupervisorState.Ready ? stopping(Optional.of(VmEnd.How.COMPLETED)) : this;
    }

    private void awaitClose(Optional<VmFailure> why) {
        current.closing(why);
        timers.startSingleTimer(new CloseOverdue(current.number()), CLOSE_PATIENCE);
    }

    private Behavior<Command> onTerminated(Terminated terminated) {
        if (terminated.getRef().path().equals(current.actor().path())) {
            current.actorGone();
            if (!current.hasEnded()) {
                onCrash(terminated);
            }
        }
        return onceOver();
    }

    /** The instance stopped without a word, which is a bug: its machine must not outlive it all the same. */
    private void onCrash(Terminated crashed) {
        Throwable thrown = crashed instanceof ChildFailed failed
                ? Guarded.thrown(failed.getCause())
                : new IllegalStateException("incarnation " + current.number() + " stopped unexpectedly");
        VmFailure failure = current.failure(new VmFailure.Internal(thrown));
        awaitClose(Optional.of(failure));
        admission.cancel();
        Making.giveUp(current.machine());
        long which = current.number();
        CompletionStage<InstanceReport> gone = current.machine()
                .thenCompose(Machine::close)
                .handle((exit, ignored) -> new InstanceReport.Ended(which, Optional.of(failure)));
        getContext().pipeToSelf(gone, (report, ignored) -> new InstanceSaid(report));
    }

    private Behavior<Command> onceOver() {
        Optional<InstanceReport.Ended> last = current.over();
        return last.isPresent() ? onEnded(last.get().failure()) : this;
    }

    private Behavior<Command> onEnded(Optional<VmFailure> failure) {
        if (state instanceof SupervisorState.GivenUp) {
            LOG.info("VM {}: what remained of it is gone", vm.name());
            admission.end();
            return Behaviors.stopped();
        }
        timers.cancel(new CloseOverdue(current.number()));
        admission.settled();
        requests.lost(new VmLostException("VM " + vm.name() + " ended before it took up what was asked of it"
                + failure.map(why -> ": " + why.cause().text()).orElse("")));
        if (state instanceof SupervisorState.Passivating && failure.isEmpty() && passivation.isSaved()) {
            return rest();
        }
        passivation.lost();
        if (isToEnd()) {
            Optional<VmFailure> lived = failure.map(known -> known.withLife(current.life(recoveries.now())));
            VmEnd end = VmEnd.asAsked(howToEnd(), lived).withBecause(because);
            end.failure().ifPresent(why -> events.accept(new VmEvent.Failed(why)));
            return over(end);
        }
        if (state instanceof SupervisorState.Stopping) {
            return onStoppedToRestart(failure);
        }
        return failure.isEmpty()
                ? over(VmEnd.of(VmEnd.How.STOPPED))
                : recover(recoveries.decided(recoveries.blamed(failure.get(), current)));
    }

    private Behavior<Command> onStoppedToRestart(Optional<VmFailure> failure) {
        VmFailure order = failure.orElseGet(() -> current.failure(membership.ordered()))
                .withCause(membership.ordered())
                .withLife(current.life(recoveries.now()));
        return recover(recoveries.decided(order));
    }

    private Behavior<Command> recover(VmFailure failure) {
        Decision decision = failure.next().orElseThrow();
        if (decision instanceof Decision.RestartCold cold) {
            return recover(failure, Origin.BOOT, cold.delay());
        } else if (decision instanceof Decision.Restore restore) {
            return recover(failure, new Origin(restore.rung(), Optional.of(restore.snapshot())), restore.delay());
        }
        events.accept(new VmEvent.Failed(failure));
        LOG.info("{}", failure.line());
        if (failure.cause() instanceof VmFailure.PoweredOff && failure.wasReady()) {
            return over(new VmEnd(VmEnd.How.POWERED_OFF, Optional.of(failure)));
        }
        return over(VmEnd.failed(failure));
    }

    private Behavior<Command> recover(VmFailure failure, Origin from, Duration delay) {
        events.accept(new VmEvent.Failed(failure));
        LOG.warn("{}", failure.line());
        LOG.debug("{}", failure.report());
        next = from;
        become(new SupervisorState.Recovering());
        delayed = !delay.isZero();
        if (delayed) {
            DelayOver over = new DelayOver(current.number());
            timers.startSingleTimer(over, over, delay);
        }
        membership.ended(failure);
        return goOn();
    }

    private Behavior<Command> onCloseOverdue(long epoch) {
        if (epoch != current.number() || current.over().isPresent()) {
            return this;
        }
        VmFailure failure = recoveries.quarantined(current, CLOSE_PATIENCE);
        events.accept(new VmEvent.Failed(failure));
        LOG.error("{}", failure.report());
        timers.cancelAll();
        become(new SupervisorState.GivenUp());
        settle(VmEnd.failed(failure));
        return leaving ? Behaviors.stopped() : this;
    }

    private Behavior<Command> over(VmEnd end) {
        timers.cancelAll();
        settle(end);
        return Behaviors.stopped();
    }

    private void settle(VmEnd end) {
        if (state instanceof SupervisorState.GivenUp) {
            // What remains of it has its memory still.
            admission.settled();
        } else {
            admission.end();
        }
        vm.vsock().end();
        snapshots.end();
        events.accept(new VmEvent.Ended(vm.name(), current.number(), clock.instant(), end));
        RuntimeException reason = end.reason(vm.name());
        vm.readiness().completeExceptionally(reason);
        requests.end(reason);
        passivation.end(reason);
        restarts.end(reason);
        vm.ending().complete(end);
    }

    /** Reached with the VM alive only when the whole actor system goes down, or after a bug here: its promises are kept all the same. */
    private Behavior<Command> onPostStop() {
        if (!vm.ending().isDone()) {
            admission.cancel();
            VmEnd end = crash.map(thrown -> VmEnd.failed(
                            current.failure(new VmFailure.Internal(thrown)).withLife(current.life(recoveries.now()))))
                    .orElseGet(() -> VmEnd.of(howToEnd()));
            end.failure().ifPresent(why -> events.accept(new VmEvent.Failed(why)));
            Making.giveUp(current.machine());
            current.machine().thenCompose(Machine::close).whenComplete((exit, failure) -> settle(end));
        }
        return this;
    }
}
