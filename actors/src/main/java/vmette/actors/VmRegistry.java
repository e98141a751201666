package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;

/** The VMs of a runtime by name; each has a supervisor. */
public final class VmRegistry extends AbstractBehavior<VmRegistry.Command> {
    /** What a registry understands. */
    public sealed interface Command {}

    /**
     * Launches a VM; the ticket learns what becomes of it.
     *
     * @param ticket names it; a name in use is refused
     * @param policy decides about its failures
     * @param begun the first incarnation's machine, if it is being made already; the registry takes it over
     */
    public record Launch(VmTicket ticket, RecoveryPolicy policy, Optional<CompletionStage<Machine>> begun)
            implements Command {}

    /** Passes a message on to a VM's supervisor; dropped when the VM is gone. */
    public record Tell(String name, VmSupervisor.Command message) implements Command {}

    /** Which VMs there are. */
    public record List(ActorRef<Set<String>> replyTo) implements Command {}

    /** Stops every VM and takes no more; the registry stops when the last is gone. */
    public record StopAll() implements Command {}

    private record Gone(String name) implements Command {}

    private record Entry(VmTicket ticket, ActorRef<VmSupervisor.Command> supervisor) {}

    private final RuntimeSettings settings;
    private final MachineFactory machines;
    private final Map<String, Entry> vms = new HashMap<>();
    private boolean closing;

    private VmRegistry(ActorContext<Command> context, RuntimeSettings settings, MachineFactory machines) {
        super(context);
        this.settings = settings;
        this.machines = machines;
    }

    /** An empty registry. */
    public static Behavior<Command> create(RuntimeSettings settings, MachineFactory machines) {
        return Behaviors.setup(context -> new VmRegistry(context, settings, machines));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Launch.class, this::onLaunch)
                .onMessage(Tell.class, this::onTell)
                .onMessage(List.class, list -> {
                    list.replyTo().tell(Set.copyOf(vms.keySet()));
                    return this;
                })
                .onMessage(StopAll.class, stop -> onStopAll())
                .onMessage(Gone.class, gone -> onGone(gone.name()))
                .build();
    }

    private Behavior<Command> onLaunch(Launch launch) {
        VmTicket vm = launch.ticket();
        if (closing || vms.containsKey(vm.name())) {
            refuse(launch, closing);
            return this;
        }
        ActorRef<VmSupervisor.Command> supervisor = getContext()
                .spawn(VmSupervisor.create(vm, settings, machines, launch.policy(), launch.begun()), "vm-" + vm.name());
        getContext().watchWith(supervisor, new Gone(vm.name()));
        vms.put(vm.name(), new Entry(vm, supervisor));
        return this;
    }

    private static void refuse(Launch launch, boolean closing) {
        VmTicket vm = launch.ticket();
        launch.begun().ifPresent(begun -> begun.thenAccept(Machine::close));
        vm.readiness()
                .completeExceptionally(
                        closing
                                ? new VmLostException("the runtime is closing: VM " + vm.name() + " was not launched")
                                : new InvalidConfigException("a VM named " + vm.name()
                                        + " exists already: choose another name, or stop that one first"));
        vm.ending().complete(VmEnd.of(VmEnd.How.STOPPED));
    }

    private Behavior<Command> onTell(Tell tell) {
        Entry entry = vms.get(tell.name());
        if (entry != null) {
            entry.supervisor().tell(tell.message());
        } else if (tell.message() instanceof VmSupervisor.Run run) {
            run.ticket().fail(gone(tell.name()));
        } else if (tell.message() instanceof VmSupervisor.Ping ping) {
            ping.reply().completeExceptionally(gone(tell.name()));
        }
        return this;
    }

    private static VmLostException gone(String name) {
        return new VmLostException("VM " + name + " has ended");
    }

    private Behavior<Command> onStopAll() {
        closing = true;
        vms.values().forEach(entry -> entry.supervisor().tell(new VmSupervisor.Stop()));
        return vms.isEmpty() ? Behaviors.stopped() : this;
    }

    private Behavior<Command> onGone(String name) {
        vms.remove(name);
        return closing && vms.isEmpty() ? Behaviors.stopped() : this;
    }
}
