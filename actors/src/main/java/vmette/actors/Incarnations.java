package vmette.actors;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.admission.VmAdmission;
import vmette.config.RuntimeSettings;
import vmette.machine.Machine;
import vmette.machine.MachineFactory;
import vmette.machine.Making;
import vmette.recovery.Origin;
import vmette.vsock.VsockHost;

/** Begins one incarnation of a VM after another: has it let in, its machine made or restored, and its actor spawned. The supervisor's own; not for several threads. */
final class Incarnations {
    private final ActorContext<VmSupervisor.Command> context;
    private final VmTicket vm;
    private final RuntimeSettings settings;
    private final MachineFactory machines;
    private final VmAdmission admission;
    private final InstantSource clock;
    private final Consumer<InstanceReport> reports;
    private Origin next;
    private long last;

    /** @param reports gets what they tell, by their threads */
    Incarnations(
            ActorContext<VmSupervisor.Command> context,
            VmTicket vm,
            RuntimeSettings settings,
            MachineFactory machines,
            Supervision supervision,
            Consumer<InstanceReport> reports) {
        this.context = context;
        this.vm = vm;
        this.settings = settings;
        this.machines = machines;
        this.admission = supervision.admission();
        this.clock = supervision.clock();
        this.next = supervision.first();
        this.reports = reports;
    }

    /** What the next one begins from. */
    void nextFrom(Origin origin) {
        next = origin;
    }

    /** The machine of the next one, once it is let in. */
    CompletionStage<Machine> enter() {
        // Whoever admits it does so on a thread of his own: what is to be made is settled here.
        Origin from = next;
        long number = last + 1;
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

    /** Begins the next one with that machine. */
    Incarnation begin(CompletionStage<Machine> making) {
        long number = last + 1;
        ActorRef<VmInstance.Command> actor =
                context.spawn(VmInstance.create(vm, number, settings, making, reports, clock), "incarnation-" + number);
        context.watch(actor);
        Instant now = clock.instant();
        last = number;
        vm.incarnation().set(number);
        return new Incarnation(vm.name(), number, next, making, actor, now);
    }
}
