package vmette;

import akka.Done;
import akka.actor.typed.ActorRef;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import vmette.actors.FleetActor;
import vmette.actors.FleetEnd;
import vmette.actors.FleetTicket;
import vmette.actors.FleetVms;
import vmette.actors.Supervision;
import vmette.actors.VmSupervisor;
import vmette.actors.VmTicket;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.VmPlan;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.group.MemberStatus;

/**
 * VMs that belong together, as {@link Vmette#deploy} has launched them: groups see to it that they are started, restarted and stopped in order.
 * Thread-safe. {@code docs/supervision.md} says what follows which failure.
 */
public final class Fleet {
    private final FleetTicket ticket;
    private final Map<String, VmHandle> handles = new ConcurrentHashMap<>();
    private final FleetNames names;
    private final CompletionStage<Done> ready;
    private final List<Deployment> applying = new ArrayList<>();
    // Each message follows the one before it: the dependents of one stage would run in no set order.
    private CompletionStage<ActorRef<FleetActor.Command>> told;

    /**
     * Begins at once.
     *
     * @param launch begins a VM under a supervision that is refined
     * @param spawn makes the fleet's actor
     * @throws InvalidConfigException if a name is in use
     */
    Fleet(
            Deployment first,
            FleetNames names,
            BiFunction<VmPlan, UnaryOperator<Supervision>, VmHandle> launch,
            BiFunction<FleetTicket, FleetVms, CompletionStage<ActorRef<FleetActor.Command>>> spawn) {
        this.names = names;
        this.ticket = FleetTicket.create(first);
        CompletableFuture<ActorRef<FleetActor.Command>> actor = new CompletableFuture<>();
        told = actor;
        names.take(this, namesOf(first));
        spawn.apply(ticket, new Vms(launch)).whenComplete((spawned, failure) -> {
            if (failure == null) {
                actor.complete(spawned);
            } else {
                ticket.ending().complete(new FleetEnd(false, List.of()));
            }
        });
        ticket.ended().thenAccept(end -> names.keep(this, Set.of()));
        ready = applyNamed(first, Set.of());
    }

    /**
     * Completes when every VM of the first deployment is ready, or has ended as it should; fails with a {@code VmetteException} if one, or a group, was
     * given up, when all others are ready. What was not given up goes on all the same.
     */
    public CompletionStage<Done> ready() {
        return ready;
    }

    /**
     * Makes the fleet another one. VMs that are not to be any more and those that are to be otherwise are stopped, in the reverse order; then what is not there
     * is started, in order. What had been given up is started anew. A VM of which nothing differs keeps its incarnation, and so does one that differs only in
     * its group or in what is to follow its failures. Several calls are carried out one after the other.
     *
     * @return completes as {@link #ready}; fails with an {@link InvalidConfigException}, and nothing has changed, if a name is in use elsewhere, and with a
     *     {@link VmLostException} if the fleet is taken down first
     */
    public CompletionStage<Done> apply(Deployment deployment) {
        return apply(deployment, Set.of());
    }

    /**
     * As {@link #apply(Deployment)}, and VMs that are over though nothing failed are started again, in their order: stopped by hand, powered off, completed.
     *
     * @param again their names; those of VMs that run, or are not in the deployment, mean nothing
     */
    public CompletionStage<Done> apply(Deployment deployment, Set<String> again) {
        try {
            names.take(this, namesOf(deployment));
        } catch (InvalidConfigException e) {
            return CompletableFuture.failedStage(e);
        }
        return applyNamed(deployment, Set.copyOf(again));
    }

    private CompletionStage<Done> applyNamed(Deployment deployment, Set<String> again) {
        synchronized (applying) {
            applying.add(deployment);
        }
        CompletableFuture<Done> reply = new CompletableFuture<>();
        ask(new FleetActor.Apply(deployment, again, reply), reply);
        CompletionStage<Done> applied = reply.minimalCompletionStage();
        applied.whenComplete((done, failure) -> release(deployment));
        return applied;
    }

    /** Names that no deployment has any more, neither the present one nor one to come, and what has ended under them. */
    private void release(Deployment applied) {
        synchronized (applying) {
            applying.remove(applied);
            Set<String> kept = new HashSet<>(namesOf(deployment()));
            applying.forEach(coming -> kept.addAll(namesOf(coming)));
            names.keep(this, kept);
            handles.values().removeIf(vm -> vm.hasEnded() && !kept.contains(vm.name()));
        }
    }

    private static List<String> namesOf(Deployment deployment) {
        return deployment.vms().stream().map(VmPlan::name).toList();
    }

    /** What the fleet is, or is becoming. */
    public Deployment deployment() {
        return ticket.board().get().deployment();
    }

    /** A VM by its name; empty if it is not one of the fleet's, or was not launched yet. One that was launched anew has another handle. */
    public Optional<VmHandle> vm(String name) {
        return deployment().vm(name).isEmpty() ? Optional.empty() : Optional.ofNullable(handles.get(name));
    }

    /** Names of the VMs of which there is a handle still. */
    Set<String> handled() {
        return Set.copyOf(handles.keySet());
    }

    /**
     * Ends a VM, or all of a group in the reverse order, and begins it anew; one that is over, too. Siblings are not concerned, and nothing is counted.
     *
     * @return completes when it is ready again; fails with a {@code VmetteException} if it is given up, and with an {@link InvalidConfigException} if nothing
     *     has that name
     */
    public CompletionStage<Done> restart(String name) {
        CompletableFuture<Done> reply = new CompletableFuture<>();
        ask(new FleetActor.RestartMember(Objects.requireNonNull(name, "name"), reply), reply);
        return reply.minimalCompletionStage();
    }

    /** Groups and VMs as they stand, in the order of starting. */
    public List<MemberStatus> status() {
        return ticket.board().get().members();
    }

    /** Ends all VMs, those of a group in the reverse order of starting. Idempotent. */
    public CompletionStage<FleetEnd> down() {
        tell(new FleetActor.Down());
        return ended();
    }

    /**
     * Completes, never exceptionally, when nothing of the fleet is left: after {@link #down}, or when all that was in it has ended by itself, whether as it
     * should or because it was given up.
     */
    public CompletionStage<FleetEnd> ended() {
        return ticket.ended();
    }

    private void ask(FleetActor.Command question, CompletableFuture<Done> reply) {
        tell(question);
        ticket.ended().thenAccept(end -> reply.completeExceptionally(FleetActor.over()));
    }

    private synchronized void tell(FleetActor.Command message) {
        told = told.thenApply(actor -> {
            actor.tell(message);
            return actor;
        });
    }

    private final class Vms implements FleetVms {
        private final BiFunction<VmPlan, UnaryOperator<Supervision>, VmHandle> launch;

        Vms(BiFunction<VmPlan, UnaryOperator<Supervision>, VmHandle> launch) {
            this.launch = launch;
        }

        @Override
        public VmTicket launch(VmPlan plan, UnaryOperator<Supervision> refine) {
            VmHandle vm = launch.apply(plan, refine);
            handles.put(plan.name(), vm);
            return vm.ticket();
        }

        @Override
        public void tell(VmTicket vm, VmSupervisor.Command message) {
            // Of one that has ended it may be gone.
            Optional.ofNullable(handles.get(vm.name())).ifPresent(handle -> handle.tell(message));
        }
    }
}
