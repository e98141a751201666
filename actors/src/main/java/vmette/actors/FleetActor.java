package vmette.actors;

import akka.Done;
import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.config.RestartMode;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.group.GroupTree;
import vmette.group.Orders;
import vmette.group.Reason;
import vmette.recovery.RecoveryPolicy;

/**
 * Owns a fleet: has its VMs launched, held, let go and stopped as {@link GroupTree} wants it, and tells that what came of it. If a part of it throws, every VM
 * of the fleet is stopped.
 */
public final class FleetActor extends AbstractBehavior<FleetActor.Command> {
    /** What it understands. */
    public sealed interface Command permits Apply, RestartMember, Down, Told, Over {}

    /** Something that its caller waits for; fails if the fleet ends first. */
    private sealed interface Asked extends DeadLetterSuppression {
        CompletableFuture<Done> reply();
    }

    /**
     * Makes the fleet this one, after what was to be applied before.
     *
     * @param reply completed when each VM is ready or over; fails if one of them, or a group, has failed for good
     */
    public record Apply(Deployment deployment, CompletableFuture<Done> reply) implements Command, Asked {}

    /**
     * Ends a VM or a group in order and begins it anew; one that is over, too.
     *
     * @param reply completed when it is ready again
     */
    public record RestartMember(String name, CompletableFuture<Done> reply) implements Command, Asked {}

    /** Ends everything, in the reverse order; {@link FleetTicket#ended} says when. */
    public record Down() implements Command, DeadLetterSuppression {}

    private record Told(String vm, MemberReport report) implements Command, DeadLetterSuppression {}

    private record Over(String vm, long launch, VmEnd end, Optional<VmetteException> refused)
            implements Command, DeadLetterSuppression {}

    private record Life(VmTicket ticket, long launch, RestartMode mode) {}

    private final FleetTicket fleet;
    private final FleetVms machines;
    private final GroupTree tree;
    private final Map<String, Life> lives = new HashMap<>();
    private final Deque<Apply> waiting = new ArrayDeque<>();
    private final List<RestartMember> restarts = new ArrayList<>();
    private Optional<Apply> applying = Optional.empty();
    private boolean asked;
    private Optional<Reason> crash = Optional.empty();

    private FleetActor(ActorContext<Command> context, FleetTicket fleet, FleetVms machines, InstantSource clock) {
        super(context);
        this.fleet = fleet;
        this.machines = machines;
        this.tree = new GroupTree(new Doing(), clock);
    }

    /** Of a fleet with nothing in it yet. */
    public static Behavior<Command> create(FleetTicket fleet, FleetVms machines) {
        return create(fleet, machines, SteadyClock.INSTANCE);
    }

    static Behavior<Command> create(FleetTicket fleet, FleetVms machines, InstantSource clock) {
        return Behaviors.setup(context -> new FleetActor(context, fleet, machines, clock));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Apply.class, guarded(this::onApply))
                .onMessage(RestartMember.class, guarded(this::onRestart))
                .onMessage(Down.class, guarded(down -> {
                    asked = true;
                    refuse(ending());
                    tree.close();
                    return goOn();
                }))
                .onMessage(Told.class, guarded(told -> {
                    onReport(told.vm(), told.report());
                    return goOn();
                }))
                .onMessage(Over.class, guarded(this::onOver))
                .onSignal(PostStop.class, stop -> onPostStop())
                .build();
    }

    /** A bug here must not leave VMs that nobody looks after. */
    private <M> akka.japi.function.Function<M, Behavior<Command>> guarded(Function<M, Behavior<Command>> handler) {
        return message -> {
            try {
                return handler.apply(message);
            } catch (RuntimeException | Error e) {
                getContext().getLog().error("the supervisor of a fleet failed: all VMs of the fleet are stopped", e);
                String what = "a part of vmette failed, which is a bug worth reporting: " + e;
                crash = Optional.of(Reason.ofVm("fleet", what, new VmLostException(what, e)));
                return Behaviors.stopped();
            }
        };
    }

    // ---- what its owner wants

    private Behavior<Command> onApply(Apply apply) {
        if (asked) {
            apply.reply().completeExceptionally(ending());
            return this;
        }
        waiting.addLast(apply);
        return goOn();
    }

    private Behavior<Command> onRestart(RestartMember restart) {
        if (asked) {
            restart.reply().completeExceptionally(ending());
            return this;
        }
        if (!tree.has(restart.name())) {
            restart.reply()
                    .completeExceptionally(new InvalidConfigException(
                            "the fleet has no VM and no group named " + restart.name() + ": nothing was restarted"));
            return this;
        }
        restarts.add(restart);
        tree.restart(restart.name());
        return goOn();
    }

    private static VmLostException ending() {
        return new VmLostException("the fleet is being taken down");
    }

    // ---- what happens

    private void onReport(String vm, MemberReport report) {
        if (report instanceof MemberReport.CameUp up) {
            tree.cameUp(vm, up.order(), up.incarnation());
        } else if (report instanceof MemberReport.Failed failed) {
            VmFailure failure = failed.failure();
            tree.failed(vm, failed.order(), failure.line(), failure.toException());
        } else if (report instanceof MemberReport.Held held) {
            tree.held(vm, held.order());
        }
    }

    private Behavior<Command> onOver(Over over) {
        Life life = lives.get(over.vm());
        if (life != null && life.launch() == over.launch()) {
            lives.remove(over.vm());
        }
        Optional<VmetteException> failure = over.refused().or(() -> givenUp(life, over.end()));
        String line = over.refused()
                .map(refused -> "VM " + over.vm() + " was not launched: " + refused.getMessage())
                .or(() -> over.end().failure().map(VmFailure::line))
                .orElseGet(() -> "VM " + over.vm() + " ended: " + over.end().how());
        tree.over(over.vm(), over.launch(), line, failure);
        return goOn();
    }

    /** The last word of a VM's recovery policy. A guest that powers itself off ends as it should, unless it is to be there always. */
    private static Optional<VmetteException> givenUp(Life life, VmEnd end) {
        boolean counts = end.how() == VmEnd.How.FAILED
                || (end.how() == VmEnd.How.POWERED_OFF && life != null && life.mode() == RestartMode.PERMANENT);
        return counts
                ? end.failure().filter(failure -> failure.next().isPresent()).map(VmFailure::toException)
                : Optional.empty();
    }

    private Behavior<Command> goOn() {
        showAndAnswer();
        while (!asked && applying.isEmpty() && !waiting.isEmpty()) {
            applying = Optional.of(waiting.removeFirst());
            tree.change(applying.get().deployment());
            showAndAnswer();
        }
        return tree.isFinished() ? Behaviors.stopped() : this;
    }

    /** In this order: who is answered looks. */
    private void showAndAnswer() {
        fleet.board().set(new FleetTicket.Shown(tree.deployment(), tree.status()));
        answer();
    }

    private void answer() {
        restarts.removeIf(restart -> {
            if (!tree.isSettled(restart.name())) {
                return false;
            }
            settle(restart.reply(), tree.failure(restart.name()));
            return true;
        });
        if (applying.isPresent() && tree.isSettled()) {
            settle(applying.get().reply(), tree.failures(false).stream().findFirst());
            applying = Optional.empty();
        }
    }

    private static void settle(CompletableFuture<Done> reply, Optional<Reason> failure) {
        if (failure.isPresent()) {
            reply.completeExceptionally(failure.get().toException());
        } else {
            reply.complete(Done.getInstance());
        }
    }

    /** Whoever still waits for something. */
    private void refuse(VmetteException reason) {
        applying.ifPresent(apply -> apply.reply().completeExceptionally(reason));
        applying = Optional.empty();
        waiting.forEach(apply -> apply.reply().completeExceptionally(reason));
        waiting.clear();
        restarts.forEach(restart -> restart.reply().completeExceptionally(reason));
        restarts.clear();
    }

    /** Reached with VMs alive after a bug, and when the whole actor system goes down. */
    private Behavior<Command> onPostStop() {
        List<Reason> failures = crash.map(List::of).orElseGet(() -> tree.failures(true));
        refuse(crash.<VmetteException>map(Reason::cause).orElseGet(FleetActor::over));
        for (Life life : lives.values()) {
            try {
                machines.tell(life.ticket(), new VmSupervisor.Stop());
            } catch (RuntimeException e) {
                getContext()
                        .getLog()
                        .error("VM {} could not be told to stop", life.ticket().name(), e);
            }
        }
        CompletableFuture<?>[] endings =
                lives.values().stream().map(life -> life.ticket().ending()).toArray(CompletableFuture[]::new);
        FleetEnd end = new FleetEnd(asked, failures);
        CompletionStage<Void> gone = CompletableFuture.allOf(endings);
        gone.thenRun(() -> fleet.ending().complete(end));
        return this;
    }

    /** What is asked of a fleet that has ended. */
    public static VmLostException over() {
        return new VmLostException("the fleet has ended: deploy it again");
    }

    /** Carries out what the tree wants. */
    private final class Doing implements Orders {
        @Override
        public void launch(VmPlan vm, long order) {
            ActorRef<Command> self = getContext().getSelf();
            String name = vm.name();
            GroupLink link = new GroupLink(order, report -> self.tell(new Told(name, report)));
            try {
                VmTicket ticket = machines.launch(vm, supervision -> supervision.withGroup(link));
                lives.put(name, new Life(ticket, order, vm.mode()));
                ticket.onEnd(() -> {
                    VmEnd end = ticket.ending().join();
                    self.tell(new Over(name, order, end, refusal(ticket, end)));
                });
            } catch (VmetteException e) {
                self.tell(new Over(name, order, VmEnd.of(VmEnd.How.STOPPED), Optional.of(e)));
            }
        }

        @Override
        public void go(String vm, long order) {
            tell(vm, new VmSupervisor.Go(order));
        }

        @Override
        public void hold(String vm, long order, Because why) {
            VmFailure.Cause cause = why.group().isPresent()
                    ? new VmFailure.GroupRestart(why.group().get(), why.text())
                    : new VmFailure.OperatorRestart();
            tell(vm, new VmSupervisor.Hold(order, cause));
        }

        @Override
        public void resupervise(VmPlan vm) {
            lives.computeIfPresent(vm.name(), (name, life) -> new Life(life.ticket(), life.launch(), vm.mode()));
            tell(vm.name(), new VmSupervisor.Resupervise(RecoveryPolicy.of(vm.recovery())));
        }

        @Override
        public void stop(String vm) {
            tell(vm, new VmSupervisor.Stop());
        }

        /** To one that has ended, whose end is not heard of yet, nothing has to be told. */
        private void tell(String vm, VmSupervisor.Command message) {
            Life life = lives.get(vm);
            if (life != null) {
                machines.tell(life.ticket(), message);
            }
        }
    }

    /** Why a VM never had a supervisor: its name was taken. One that its owner stops, or whose runtime closes, is lost. */
    private static Optional<VmetteException> refusal(VmTicket vm, VmEnd end) {
        if (end.failure().isPresent() || !vm.readiness().isCompletedExceptionally()) {
            return Optional.empty();
        }
        return vm.readiness()
                .handle((ready, failure) -> failure)
                .thenApply(failure -> failure instanceof VmetteException known && !(known instanceof VmLostException)
                        ? Optional.of(known)
                        : Optional.<VmetteException>empty())
                .join();
    }
}
