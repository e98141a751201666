package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.config.RuntimeSettings;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;

/**
 * Owns one VM: holds its ticket, its incarnation and its history, and decides what follows a failure. Incarnations never
 * overlap: the next begins when nothing of the former is left.
 */
public final class VmSupervisor extends AbstractBehavior<VmSupervisor.Command> {
    /** Commands that may wait for the VM to be ready. */
    static final int STASH = 256;

    /** What a supervisor understands. */
    public sealed interface Command {}

    /** A message that somebody waits for the answer of, and that fails when there is nobody to give it: no dead letter has to say so. */
    public sealed interface Request extends Command, DeadLetterSuppression {
        /** Settled once it is answered. */
        CompletionStage<?> answer();

        /** Breaks what promises are still open. */
        void fail(Throwable reason);
    }

    /** One whose answer is all that comes of it. */
    private sealed interface Question extends Request {
        CompletableFuture<?> reply();

        @Override
        default CompletionStage<?> answer() {
            return reply();
        }

        @Override
        default void fail(Throwable reason) {
            reply().completeExceptionally(reason);
        }
    }

    /** Runs a command once the VM is ready; the ticket learns what becomes of it. */
    public record Run(Ticket ticket) implements Request {
        @Override
        public CompletionStage<?> answer() {
            return ticket.outcome();
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** Looks for a detached command that runs in the VM, or is kept there; fails if there is none of that id. */
    public record Find(long execution, CompletableFuture<DetachedTicket> reply) implements Question {}

    /** Makes a TCP connection into the guest once the VM is ready; the ticket learns what becomes of it. */
    public record Forward(ForwardTicket ticket) implements Request {
        @Override
        public CompletionStage<?> answer() {
            return ticket.connected();
        }

        @Override
        public void fail(Throwable reason) {
            ticket.fail(reason);
        }
    }

    /** Asks the agent for a sign of life. */
    public record Ping(CompletableFuture<AgentFrame.Pong> reply) implements Question {}

    /** Ends the VM; {@link VmTicket#ended} says when. One that has ended need not hear of it. */
    public record Stop() implements Command, DeadLetterSuppression {}

    private record ForwardWaited(ForwardTicket ticket) implements Command {}

    private record TimeoutPassed() implements Command {}

    private record InstanceSaid(VmInstance.Report report) implements Command {}

    private final TimerScheduler<Command> timers;
    private final VmTicket vm;
    private final RuntimeSettings settings;
    private final MachineFactory machines;
    private final RecoveryPolicy policy;
    private final ActorRef<VmInstance.Report> reports;
    private final Deque<Ticket> stash = new ArrayDeque<>();
    private final Deque<ForwardTicket> forwards = new ArrayDeque<>();
    private final List<VmFailure> history = new ArrayList<>();
    private final Unanswered unanswered = new Unanswered();

    private long incarnation;
    private ActorRef<VmInstance.Command> instance;
    private CompletionStage<Machine> machine;
    private boolean ready;
    private boolean instanceGone;
    private Optional<VmInstance.Ended> last = Optional.empty();
    private Optional<VmEnd.How> stopping = Optional.empty();

    private VmSupervisor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            VmTicket vm,
            RuntimeSettings settings,
            MachineFactory machines,
            RecoveryPolicy policy,
            Optional<CompletionStage<Machine>> begun) {
        super(context);
        this.timers = timers;
        this.vm = vm;
        this.settings = settings;
        this.machines = machines;
        this.policy = policy;
        this.reports = context.messageAdapter(VmInstance.Report.class, InstanceSaid::new);
        if (!vm.spec().timeout().isZero()) {
            timers.startSingleTimer(new TimeoutPassed(), vm.spec().timeout());
        }
        begin(begun.orElseGet(this::make));
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
            RecoveryPolicy policy,
            Optional<CompletionStage<Machine>> begun) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new VmSupervisor(context, timers, vm, settings, machines, policy, begun)));
    }

    private CompletionStage<Machine> make() {
        try {
            return machines.begin(vm.spec(), vm.name(), vm.vsock()::attach);
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }

    private void begin(CompletionStage<Machine> making) {
        incarnation++;
        machine = making;
        ready = false;
        instanceGone = false;
        last = Optional.empty();
        instance = getContext()
                .spawn(VmInstance.create(vm, incarnation, settings, making, reports), "incarnation-" + incarnation);
        getContext().watch(instance);
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Run.class, run -> onRun(run.ticket()))
                .onMessage(Forward.class, forward -> onForward(forward.ticket()))
                .onMessage(ForwardWaited.class, waited -> onForwardWaited(waited.ticket()))
                .onMessage(Find.class, find -> {
                    unanswered.add(find);
                    instance.tell(new VmInstance.Find(find.execution(), find.reply()));
                    return this;
                })
                .onMessage(Ping.class, ping -> {
                    unanswered.add(ping);
                    instance.tell(new VmInstance.Ping(ping.reply()));
                    return this;
                })
                .onMessage(Stop.class, stop -> stop(VmEnd.How.STOPPED))
                .onMessage(TimeoutPassed.class, passed -> stop(VmEnd.How.TIMED_OUT))
                .onMessage(InstanceSaid.class, said -> onReport(said.report()))
                .onSignal(Terminated.class, this::onTerminated)
                .onSignal(PostStop.class, stop -> onPostStop())
                .build();
    }

    private Behavior<Command> onRun(Ticket ticket) {
        if (stopping.isPresent()) {
            ticket.fail(new VmLostException(
                    "VM " + vm.name() + " is being stopped: " + ticket.description() + " was not started"));
        } else if (ready) {
            run(ticket);
        } else if (stash.size() < STASH) {
            stash.addLast(ticket);
        } else {
            ticket.fail(new VmBusyException("VM " + vm.name() + " is not ready and " + STASH
                    + " commands wait for it already: wait until it is ready"));
        }
        return this;
    }

    private void run(Ticket ticket) {
        unanswered.add(new Run(ticket));
        instance.tell(new VmInstance.Run(ticket));
    }

    private Behavior<Command> onForward(ForwardTicket ticket) {
        if (stopping.isPresent()) {
            ticket.fail(new VmLostException("VM " + vm.name() + " is being stopped: port " + ticket.port()
                    + " of its guest was not connected to"));
        } else if (ready) {
            forward(ticket);
        } else {
            forwards.removeIf(ForwardTicket::isOver);
            if (forwards.size() < STASH) {
                forwards.addLast(ticket);
                timers.startSingleTimer(
                        ticket, new ForwardWaited(ticket), settings.forward().connectTimeout());
            } else {
                ticket.fail(new VmBusyException("VM " + vm.name() + " is not ready and " + STASH
                        + " connections wait for it already: wait until it is ready"));
            }
        }
        return this;
    }

    private void forward(ForwardTicket ticket) {
        timers.cancel(ticket);
        if (!ticket.isOver()) {
            unanswered.add(new Forward(ticket));
            instance.tell(new VmInstance.Forward(ticket));
        }
    }

    private Behavior<Command> onForwardWaited(ForwardTicket ticket) {
        if (forwards.remove(ticket)) {
            ticket.fail(new OperationTimeoutException("VM " + vm.name() + " was not ready within "
                    + settings.forward().connectTimeout().toMillis() + " ms (vmette.forward.connect-timeout): port "
                    + ticket.port() + " of its guest was not connected to"));
        }
        return this;
    }

    private Behavior<Command> stop(VmEnd.How how) {
        if (stopping.isEmpty()) {
            stopping = Optional.of(how);
            instance.tell(how == VmEnd.How.TIMED_OUT ? new VmInstance.Kill() : new VmInstance.Stop());
        }
        return this;
    }

    private Behavior<Command> onReport(VmInstance.Report report) {
        if (report instanceof VmInstance.BecameReady became && became.incarnation() == incarnation) {
            ready = true;
            vm.readiness().complete(became.ready());
            while (!stash.isEmpty()) {
                run(stash.removeFirst());
            }
            while (!forwards.isEmpty()) {
                forward(forwards.removeFirst());
            }
        } else if (report instanceof VmInstance.Ended ended && ended.incarnation() == incarnation) {
            ready = false;
            last = Optional.of(ended);
            return onceGone();
        }
        return this;
    }

    private Behavior<Command> onTerminated(Terminated terminated) {
        instanceGone = true;
        if (last.isEmpty()) {
            onCrash(terminated);
        }
        return onceGone();
    }

    /** The instance's last word can overtake those of its commands; once it is gone they have all been said. */
    private Behavior<Command> onceGone() {
        return last.isPresent() && instanceGone ? onEnded(last.get().failure()) : this;
    }

    /** The instance stopped without a word, which is a bug: its machine must not outlive it all the same. */
    private void onCrash(Terminated crashed) {
        Throwable thrown = crashed instanceof ChildFailed failed
                ? failed.getCause()
                : new IllegalStateException("incarnation " + incarnation + " stopped unexpectedly");
        VmFailure failure = new VmFailure(
                vm.name(), incarnation, new VmFailure.Internal(thrown), ready, Optional.empty(), List.of());
        ready = false;
        long which = incarnation;
        CompletionStage<VmInstance.Report> gone = machine.thenCompose(Machine::close)
                .handle((exit, ignored) -> new VmInstance.Ended(which, Optional.of(failure)));
        getContext().pipeToSelf(gone, (report, ignored) -> new InstanceSaid(report));
    }

    private Behavior<Command> onEnded(Optional<VmFailure> failure) {
        failure.ifPresent(history::add);
        unanswered.fail(new VmLostException("VM " + vm.name() + " ended before it took up what was asked of it"
                + failure.map(why -> ": " + why.cause().text()).orElse("")));
        // One that failed under its owner's commands did so before he told it to stop, which is his answer to that.
        if (failure.isEmpty() || (stopping.isPresent() && !failure.get().wasReady())) {
            return over(VmEnd.of(stopping.orElse(VmEnd.How.STOPPED)));
        }
        if (failure.get().cause() instanceof VmFailure.PoweredOff
                && failure.get().wasReady()) {
            return over(new VmEnd(VmEnd.How.POWERED_OFF, failure));
        }
        if (stopping.isPresent()) {
            return over(VmEnd.failed(failure.get()));
        }
        return switch (decide()) {
            case RESTART_COLD -> {
                begin(make());
                yield this;
            }
            case GIVE_UP -> over(VmEnd.failed(failure.get()));
        };
    }

    private RecoveryPolicy.Decision decide() {
        try {
            return policy.decide(List.copyOf(history));
        } catch (RuntimeException e) {
            getContext().getLog().error("the recovery policy of VM " + vm.name() + " failed: the VM is given up", e);
            return RecoveryPolicy.Decision.GIVE_UP;
        }
    }

    private Behavior<Command> over(VmEnd end) {
        timers.cancelAll();
        settle(end);
        return Behaviors.stopped();
    }

    private void settle(VmEnd end) {
        vm.vsock().end();
        RuntimeException reason = end.failure()
                .<RuntimeException>map(VmFailure::toException)
                .orElseGet(() -> new VmLostException("VM " + vm.name() + " was stopped"
                        + (end.how() == VmEnd.How.TIMED_OUT ? ": its timeout passed" : "")));
        vm.readiness().completeExceptionally(reason);
        stash.forEach(ticket -> ticket.fail(reason));
        stash.clear();
        forwards.forEach(ticket -> ticket.fail(reason));
        forwards.clear();
        unanswered.fail(reason);
        vm.ending().complete(end);
    }

    /** Reached with the VM alive only when the whole actor system goes down: its promises are kept all the same. */
    private Behavior<Command> onPostStop() {
        if (!vm.ending().isDone()) {
            machine.thenCompose(Machine::close)
                    .whenComplete((exit, failure) -> settle(VmEnd.of(stopping.orElse(VmEnd.How.STOPPED))));
        }
        return this;
    }
}
