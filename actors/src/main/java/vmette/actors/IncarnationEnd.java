package vmette.actors;

import akka.actor.typed.ChildFailed;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.admission.VmAdmission;
import vmette.machine.Machine;
import vmette.machine.Making;

/** Sees to it that nothing of an incarnation is left: bounds how long its machine may take to end, and has it ended if its actor has crashed. The supervisor's own; not for several threads. */
final class IncarnationEnd {
    /** Its machine has taken too long. */
    record CloseOverdue(long epoch) implements VmSupervisor.Command {}

    private final ActorContext<VmSupervisor.Command> context;
    private final TimerScheduler<VmSupervisor.Command> timers;
    private final VmAdmission admission;

    IncarnationEnd(
            ActorContext<VmSupervisor.Command> context,
            TimerScheduler<VmSupervisor.Command> timers,
            VmAdmission admission) {
        this.context = context;
        this.timers = timers;
        this.admission = admission;
    }

    void awaitClose(Optional<VmFailure> why, Incarnation current) {
        current.closing(why);
        timers.startSingleTimer(new CloseOverdue(current.number()), VmSupervisor.CLOSE_PATIENCE);
    }

    /** Nothing is left of it. */
    void over(Incarnation current) {
        timers.cancel(new CloseOverdue(current.number()));
    }

    /** An actor has stopped: perhaps the incarnation's. */
    void onTerminated(Terminated terminated, Incarnation current) {
        if (terminated.getRef().path().equals(current.actor().path())) {
            current.actorGone();
            if (!current.hasEnded()) {
                onCrash(terminated, current);
            }
        }
    }

    /** The instance stopped without a word, which is a bug: its machine must not outlive it all the same. */
    private void onCrash(Terminated crashed, Incarnation current) {
        Throwable thrown = crashed instanceof ChildFailed failed
                ? Guarded.thrown(failed.getCause())
                : new IllegalStateException("incarnation " + current.number() + " stopped unexpectedly");
        VmFailure failure = current.failure(new VmFailure.Internal(thrown));
        awaitClose(Optional.of(failure), current);
        admission.cancel();
        Making.giveUp(current.machine());
        long which = current.number();
        CompletionStage<InstanceReport> gone = current.machine()
                .thenCompose(Machine::close)
                .handle((exit, ignored) -> new InstanceReport.Ended(which, Optional.of(failure)));
        context.pipeToSelf(gone, (report, ignored) -> new VmSupervisor.InstanceSaid(report));
    }
}
