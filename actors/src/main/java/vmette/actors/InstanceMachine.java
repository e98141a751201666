package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.errors.VmetteException;
import vmette.machine.Machine;
import vmette.machine.Making;
import vmette.vmm.VmmExit;

/** The machine of one incarnation, from when it is being made until nothing of it is left: what becomes of it the incarnation is told by messages. Its own; not for several threads. */
final class InstanceMachine {
    /** What the incarnation is told. */
    sealed interface Told extends VmInstance.Command {}

    record MachineMade(Machine machine) implements Told {}

    record MachineFailed(Throwable reason) implements Told {}

    // What a machine that is being closed still says finds nobody, and need not.
    record MachineExited(VmmExit exit) implements Told, DeadLetterSuppression {}

    record MachineGone(Optional<VmmExit> exit) implements Told {}

    record DeviceBroke(String reason) implements Told, DeadLetterSuppression {}

    record HelperEnded(String how) implements Told, DeadLetterSuppression {}

    private final ActorContext<VmInstance.Command> context;
    private final CompletionStage<Machine> making;
    private Machine machine;
    private long madeNanos;

    /** Tells when it is made, or why it is not. */
    InstanceMachine(ActorContext<VmInstance.Command> context, CompletionStage<Machine> making) {
        this.context = context;
        this.making = making;
        context.pipeToSelf(
                making, (made, failure) -> failure == null ? new MachineMade(made) : new MachineFailed(failure));
    }

    void made(Machine made) {
        machine = made;
        madeNanos = System.nanoTime();
    }

    boolean isMade() {
        return machine != null;
    }

    /** Once it is made. */
    Machine get() {
        return machine;
    }

    Duration sinceMade() {
        return Duration.ofNanos(System.nanoTime() - madeNanos);
    }

    /** Tells when its guest runs, which is when the agent is to be dialled, and what ends that. */
    void watch() {
        context.pipeToSelf(
                machine.started().thenApply(done -> Optional.<VmetteException>empty()),
                (done, failure) -> failure == null ? new AgentSession.Dial() : new MachineFailed(failure));
        ActorRef<VmInstance.Command> self = context.getSelf();
        machine.exited().thenAccept(exited -> self.tell(new MachineExited(exited)));
        machine.broken().thenAccept(reason -> self.tell(new DeviceBroke(reason)));
        machine.helperLost().thenAccept(how -> self.tell(new HelperEnded(how)));
    }

    /** Last lines of the guest's console and of the monitor; none of one that was never made. */
    List<String> consoleTail() {
        return machine == null ? List.of() : machine.consoleTail();
    }

    /** Tells when nothing of it is left. */
    void close() {
        context.pipeToSelf(machine.close(), (gone, failure) -> new MachineGone(Optional.ofNullable(gone)));
    }

    /** While it is still being made: if it is made all the same that is told, and it is to be closed. */
    void giveUp() {
        Making.giveUp(making);
    }

    /** There is nobody to be told any more. */
    void abandon() {
        Making.giveUp(making);
        making.thenAccept(Machine::close);
    }
}
