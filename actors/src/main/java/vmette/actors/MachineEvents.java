package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.errors.VmetteException;
import vmette.machine.Machine;
import vmette.vmm.VmmExit;

/** What becomes of an incarnation's machine, told to the incarnation by messages. */
final class MachineEvents {
    /** What the incarnation is told. */
    sealed interface Told extends VmInstance.Command {}

    record MachineMade(Machine machine) implements Told {}

    record MachineFailed(Throwable reason) implements Told {}

    // What a machine that is being closed still says finds nobody, and need not.
    record MachineExited(VmmExit exit) implements Told, DeadLetterSuppression {}

    record MachineGone(Optional<VmmExit> exit) implements Told {}

    record DeviceBroke(String reason) implements Told, DeadLetterSuppression {}

    record HelperEnded(String how) implements Told, DeadLetterSuppression {}

    private MachineEvents() {}

    /** Tells when it is made, or why it is not. */
    static void ofMaking(CompletionStage<Machine> making, ActorContext<VmInstance.Command> to) {
        to.pipeToSelf(making, (made, failure) -> failure == null ? new MachineMade(made) : new MachineFailed(failure));
    }

    /** Tells when its guest runs, which is when the agent is to be dialled, and what ends that. */
    static void ofRunning(Machine made, ActorContext<VmInstance.Command> to) {
        to.pipeToSelf(
                made.started().thenApply(done -> Optional.<VmetteException>empty()),
                (done, failure) -> failure == null ? new AgentSession.Dial() : new MachineFailed(failure));
        ActorRef<VmInstance.Command> self = to.getSelf();
        made.exited().thenAccept(exited -> self.tell(new MachineExited(exited)));
        made.broken().thenAccept(reason -> self.tell(new DeviceBroke(reason)));
        made.helperLost().thenAccept(how -> self.tell(new HelperEnded(how)));
    }

    /** Closes it, and tells when nothing of it is left. */
    static void ofClosing(Machine machine, ActorContext<VmInstance.Command> to) {
        to.pipeToSelf(machine.close(), (gone, failure) -> new MachineGone(Optional.ofNullable(gone)));
    }
}
