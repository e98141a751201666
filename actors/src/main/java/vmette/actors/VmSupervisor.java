package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
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
import vmette.recovery.Decision;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;

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
                    IncarnationEnd.CloseOverdue,
                    SnapshotSchedule.Told,
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

    /** Its incarnation has told it something. */
    record InstanceSaid(InstanceReport report) implements Command {}

    private final TimerScheduler<Command> timers;
    private final VmTicket vm;
    private final Incarnations incarnations;
    private final Recoveries recoveries;
    private final SnapshotSchedule schedule;
    private final IncarnationEnd incarnationEnd;
    private final Passivation passivation;
    private final InstantSource clock;
    private final VmAdmission admission;
    private final Consumer<VmEvent> events;
    private final Requests requests;
    private Optional<String> because = Optional.empty();
    private final Membership membership;
    private final OrderedRestarts restarts;

    private SupervisorState state = new SupervisorState.Starting();
    private Incarnation current;
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
        this.schedule = new SnapshotSchedule(context, timers, new VmSnapshots(vm, passivation.shelf()));
        this.incarnationEnd = new IncarnationEnd(context, timers, admission);
        this.requests =
                new Requests(vm.name(), timers, settings.forward().connectTimeout(), STASH, supervision.clock());
        this.membership = new Membership(supervision.group());
        this.restarts = new OrderedRestarts(vm.name(), STASH);
        ActorRef<Command> self = context.getSelf();
        this.incarnations = new Incarnations(
                context, vm, settings, machines, supervision, report -> self.tell(new InstanceSaid(report)));
        if (!vm.spec().timeout().isZero()) {
            timers.startSingleTimer(new TimeoutPassed(), vm.spec().timeout());
        }
        events.accept(new VmEvent.Launched(vm.name(), clock.instant()));
        begin(begun.orElseGet(incarnations::enter));
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
            because = state.isToEnd() ? because : stop.because();
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
        } else if (command instanceof SnapshotSchedule.GoldenOver over) {
            return over.epoch() == current.number() ? onPrepared(over.ready()) : this;
        } else if (command instanceof SnapshotSchedule.Told told) {
            schedule.on(told, current, state);
            return this;
        } else if (command instanceof IncarnationEnd.CloseOverdue overdue) {
            return onCloseOverdue(overdue.epoch());
        }
        return Behaviors.unhandled();
    }

    private void onRequest(VmRequest request) {
        if (request instanceof VmRequest.Run run) {
            requests.run(run, state.standing(current.isThere()), current.actor());
        } else if (request instanceof VmRequest.Forward forward) {
            requests.connect(forward, state.standing(current.isThere()), current.actor());
        } else if (request instanceof VmRequest.Find find) {
            pass(find, new InstanceRequest.Find(find.execution(), find.reply()));
        } else if (request instanceof VmRequest.Ping ping) {
            pass(ping, new InstanceRequest.Ping(ping.reply()));
        } else if (request instanceof VmRequest.Save save) {
            pass(save, new InstanceRequest.Save(save.snapshot(), save.thenEnd(), true, save.reply()));
        } else if (request instanceof VmRequest.Restart restart) {
            onRestartAsked(restart);
        }
    }

    @Override
    Behavior<Command> onSignal(Signal signal) {
        if (signal instanceof Terminated terminated) {
            incarnationEnd.onTerminated(terminated, current);
            return onceOver();
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

    private Behavior<Command> begin(CompletionStage<Machine> making) {
        current = incarnations.begin(making);
        events.accept(new VmEvent.Began(vm.name(), current.number(), current.started(), current.from()));
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
        return delayed || membership.isHeld() ? this : begin(incarnations.enter());
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
                incarnations.nextFrom(passivation.origin());
                begin(incarnations.enter());
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
        incarnations.nextFrom(Origin.BOOT);
        delayed = false;
        become(new SupervisorState.Recovering());
    }

    // ---- what is asked

    private void pass(VmRequest request, InstanceRequest message) {
        if (passivation.keeps(request, message)) {
            return;
        }
        if (state instanceof SupervisorState.Recovering || state instanceof SupervisorState.GivenUp) {
            request.fail(new VmLostException("VM " + vm.name() + " is not running"));
        } else {
            requests.pass(request, message, current.actor());
        }
    }

    // ---- what ends

    private Behavior<Command> onStop(VmEnd.How how) {
        if (state instanceof SupervisorState.GivenUp || state.isToEnd()) {
            return this;
        }
        if (state instanceof SupervisorState.Recovering || state instanceof SupervisorState.Passive) {
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
        if (state instanceof SupervisorState.Passive) {
            forget();
        }
        if (state instanceof SupervisorState.Recovering) {
            timers.cancel(new DelayOver(current.number()));
            incarnations.nextFrom(Origin.BOOT);
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
        if (state instanceof SupervisorState.Passive) {
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
        if (state.isUp()) {
            membership.cameUp(current.number());
        }
        return state instanceof SupervisorState.Recovering ? goOn() : this;
    }

    private void onRestartAsked(VmRequest.Restart asked) {
        if (state instanceof SupervisorState.GivenUp || state.isToEnd()) {
            asked.fail(new VmLostException("VM " + vm.name() + (state.isToEnd() ? " is being stopped" : " has ended")
                    + ": it was not restarted"));
        } else if (restarts.add(current.number(), asked.reply())) {
            onRestart();
        }
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
            incarnationEnd.awaitClose(closing.failure(), current);
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
        return schedule.takesGolden(ready, current, state) ? this : onPrepared(ready);
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
        schedule.ready(current);
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
        incarnationEnd.over(current);
        admission.settled();
        requests.lost(new VmLostException("VM " + vm.name() + " ended before it took up what was asked of it"
                + failure.map(why -> ": " + why.cause().text()).orElse("")));
        if (state instanceof SupervisorState.Passivating && failure.isEmpty() && passivation.isSaved()) {
            return rest();
        }
        passivation.lost();
        if (state.isToEnd()) {
            Optional<VmFailure> lived = failure.map(known -> known.withLife(current.life(recoveries.now())));
            VmEnd end = VmEnd.asAsked(state.howToEnd(), lived).withBecause(because);
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
        incarnations.nextFrom(from);
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
        schedule.end();
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
                    .orElseGet(() -> VmEnd.of(state.howToEnd()));
            end.failure().ifPresent(why -> events.accept(new VmEvent.Failed(why)));
            Making.giveUp(current.machine());
            current.machine().thenCompose(Machine::close).whenComplete((exit, failure) -> settle(end));
        }
        return this;
    }
}
