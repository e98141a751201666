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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.machine.Making;
import vmette.recovery.RecoveryPolicy;

/** The VMs of a runtime by name; each has a supervisor. */
public final class VmRegistry extends AbstractBehavior<VmRegistry.Command> {
    /** What a registry understands. */
    public sealed interface Command {}

    /**
     * Launches a VM; the ticket learns what becomes of it.
     *
     * @param ticket names it; a name in use is refused
     * @param supervision decides about its failures
     * @param begun the first incarnation's machine, if it is being made already; the registry takes it over
     */
    public record Launch(VmTicket ticket, Supervision supervision, Optional<CompletionStage<Machine>> begun)
            implements Command {
        /** Of a VM without snapshots. */
        public Launch(VmTicket ticket, RecoveryPolicy policy, Optional<CompletionStage<Machine>> begun) {
            this(ticket, Supervision.by(policy), begun);
        }
    }

    /**
     * Passes a message on to a VM's supervisor; what it asks for fails when the VM is gone.
     *
     * @param ticket the one the VM was launched with: another VM may have its name
     */
    public record Tell(VmTicket ticket, VmSupervisor.Command message) implements Command {}

    /** Which VMs there are. */
    public record List(ActorRef<Set<String>> replyTo) implements Command {}

    /** Stops every VM and takes no more; the registry stops when the last is gone. */
    public record StopAll() implements Command {}

    private record Gone(String name) implements Command, DeadLetterSuppression {}

    private record Entry(VmTicket ticket, ActorRef<VmSupervisor.Command> supervisor, Unanswered unanswered) {}

    private final RuntimeSettings settings;
    private final MachineFactory machines;
    private final CompletableFuture<Done> over;
    private final Map<String, Entry> vms = new HashMap<>();
    // Of names whose VM has ended for its callers, but whose supervisor is not quite gone yet: launches, and what is
    // told to these.
    private final Map<String, Deque<Command>> next = new HashMap<>();
    private boolean closing;

    private VmRegistry(
            ActorContext<Command> context,
            RuntimeSettings settings,
            MachineFactory machines,
            CompletableFuture<Done> over) {
        super(context);
        this.settings = settings;
        this.machines = machines;
        this.over = over;
    }

    /** An empty registry. */
    public static Behavior<Command> create(RuntimeSettings settings, MachineFactory machines) {
        return create(settings, machines, new CompletableFuture<>());
    }

    /**
     * An empty registry.
     *
     * @param over completed when it answers nobody any more; those that it launched end by themselves then
     */
    public static Behavior<Command> create(
            RuntimeSettings settings, MachineFactory machines, CompletableFuture<Done> over) {
        return Behaviors.setup(context -> new VmRegistry(context, settings, machines, over));
    }

    @Override
    public Receive<Command> createReceive() {
        return Guarded.resuming(receive(), this::onThrown);
    }

    private Receive<Command> receive() {
        return newReceiveBuilder()
                .onMessage(Launch.class, this::onLaunch)
                .onMessage(Tell.class, this::onTell)
                .onMessage(List.class, list -> {
                    list.replyTo().tell(Set.copyOf(vms.keySet()));
                    return this;
                })
                .onMessage(StopAll.class, stop -> onStopAll())
                .onMessage(Gone.class, gone -> onGone(gone.name()))
                .onSignal(PostStop.class, stop -> onPostStop())
                .build();
    }

    private Behavior<Command> onLaunch(Launch launch) {
        VmTicket vm = launch.ticket();
        Entry former = vms.get(vm.name());
        Optional<VmFailure> remains = former == null ? Optional.empty() : remains(former.ticket());
        if (!closing && remains.isPresent()) {
            refuse(
                    launch,
                    new StartFailedException(
                            "VM " + vm.name() + " was not launched, since a former one of that name is not gone: "
                                    + remains.get().cause().text()));
            return this;
        }
        if (!closing && former != null && former.ticket().ending().isDone()) {
            next.computeIfAbsent(vm.name(), name -> new ArrayDeque<>()).addLast(launch);
            return this;
        }
        if (closing || former != null) {
            refuse(launch, closing ? closingDown(vm) : inUse(vm));
            return this;
        }
        ActorRef<VmSupervisor.Command> supervisor = getContext()
                .spawn(
                        VmSupervisor.create(vm, settings, machines, launch.supervision(), launch.begun()),
                        "vm-" + vm.name());
        getContext().watchWith(supervisor, new Gone(vm.name()));
        vms.put(vm.name(), new Entry(vm, supervisor, new Unanswered()));
        return this;
    }

    /** The failure of a VM that has ended but of which a process remains, so that its supervisor keeps the name. */
    private static Optional<VmFailure> remains(VmTicket vm) {
        VmEnd end = vm.ending().getNow(null);
        return Optional.ofNullable(end)
                .flatMap(VmEnd::failure)
                .filter(failure -> failure.cause() instanceof VmFailure.ProcessRemains);
    }

    private static VmLostException closingDown(VmTicket vm) {
        return new VmLostException("the runtime is closing: VM " + vm.name() + " was not launched");
    }

    private static InvalidConfigException inUse(VmTicket vm) {
        return new InvalidConfigException(
                "a VM named " + vm.name() + " exists already: choose another name, or stop that one first");
    }

    private static void refuse(Launch launch, VmetteException reason) {
        VmTicket vm = launch.ticket();
        launch.supervision().admission().end();
        vm.readiness().completeExceptionally(reason);
        vm.ending().complete(VmEnd.of(VmEnd.How.STOPPED));
        launch.begun().ifPresent(begun -> {
            Making.giveUp(begun);
            begun.thenAccept(Machine::close);
        });
    }

    /** The VMs have nothing to do with it: they are kept, and only who asked for this learns of it. */
    private void onThrown(Command message, Throwable thrown) {
        // Not the message itself: a specification may hold secrets.
        getContext()
                .getLog()
                .error("the registry of VMs failed at {}", message.getClass().getSimpleName(), thrown);
        String why = "a part of vmette failed, which is a bug worth reporting: " + thrown;
        if (message instanceof Launch launch) {
            Guarded.attempt(
                    () -> refuse(
                            launch,
                            new StartFailedException(
                                    "VM " + launch.ticket().name() + " was not launched: " + why, thrown)),
                    again -> {});
        } else if (message instanceof Tell tell && tell.message() instanceof VmRequest request) {
            Guarded.attempt(() -> request.fail(new VmLostException(why, thrown)), again -> {});
        }
    }

    private Behavior<Command> onTell(Tell tell) {
        Entry entry = vms.get(tell.ticket().name());
        boolean known = entry != null && entry.ticket().equals(tell.ticket());
        if (!known && isNext(tell.ticket())) {
            next.get(tell.ticket().name()).addLast(tell);
            return this;
        }
        if (tell.message() instanceof VmRequest request) {
            if (known) {
                entry.unanswered().add(request);
            } else {
                request.fail(gone(tell.ticket().name()));
            }
        }
        if (known) {
            entry.supervisor().tell(tell.message());
        }
        return this;
    }

    private boolean isNext(VmTicket vm) {
        Deque<Command> waiting = next.get(vm.name());
        return waiting != null
                && waiting.stream()
                        .anyMatch(command -> command instanceof Launch launch
                                && launch.ticket().equals(vm));
    }

    private static VmLostException gone(String name) {
        return new VmLostException("VM " + name + " has ended");
    }

    private Behavior<Command> onStopAll() {
        closing = true;
        vms.values().forEach(entry -> entry.supervisor().tell(new VmSupervisor.Leave()));
        return vms.isEmpty() ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onGone(String name) {
        Entry entry = vms.get(name);
        if (!entry.ticket().ending().isDone()) {
            // Its supervisor failed, and its machine is still being ended: the name is not free before that.
            entry.unanswered().fail(gone(name));
            ActorRef<Command> self = getContext().getSelf();
            entry.ticket().ended().thenAccept(end -> self.tell(new Gone(name)));
            return this;
        }
        vms.remove(name).unanswered().fail(gone(name));
        Deque<Command> waiting = next.remove(name);
        if (waiting != null) {
            waiting.forEach(command -> {
                if (command instanceof Launch launch) {
                    onLaunch(launch);
                } else if (command instanceof Tell tell) {
                    onTell(tell);
                }
            });
        }
        return closing && vms.isEmpty() ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onPostStop() {
        vms.forEach((name, entry) -> entry.unanswered().fail(gone(name)));
        next.values()
                .forEach(waiting -> waiting.forEach(command -> {
                    if (command instanceof Launch launch) {
                        refuse(launch, closingDown(launch.ticket()));
                    } else if (command instanceof Tell tell && tell.message() instanceof VmRequest request) {
                        request.fail(gone(tell.ticket().name()));
                    }
                }));
        over.complete(Done.getInstance());
        return this;
    }
}
