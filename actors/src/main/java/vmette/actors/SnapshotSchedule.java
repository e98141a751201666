package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.Optional;
import vmette.machine.SaveReport;

/**
 * When a supervisor saves its VM by itself: a golden snapshot before anybody is let in, and checkpoints from time to time while the VM is ready. The supervisor's own; not for several threads.
 */
final class SnapshotSchedule {
    /** What a supervisor hears of it, and hands back to {@link #on}. */
    sealed interface Told extends VmSupervisor.Command {}

    /** The incarnation may be let in: there is a golden snapshot now, or there is none to be had. */
    record GoldenOver(long epoch, VmReady ready) implements Told, DeadLetterSuppression {}

    private record CheckpointDue(long epoch) implements Told {}

    private record CheckpointOver(long epoch, Optional<SaveReport> report, Optional<Throwable> failure)
            implements Told, DeadLetterSuppression {}

    private final ActorContext<VmSupervisor.Command> context;
    private final TimerScheduler<VmSupervisor.Command> timers;
    private final VmSnapshots snapshots;

    SnapshotSchedule(
            ActorContext<VmSupervisor.Command> context,
            TimerScheduler<VmSupervisor.Command> timers,
            VmSnapshots snapshots) {
        this.context = context;
        this.timers = timers;
        this.snapshots = snapshots;
    }

    /** Whether an incarnation that has just booted is saved before anybody is let in; then {@link GoldenOver} follows. */
    boolean takesGolden(VmReady ready, Incarnation current, SupervisorState state) {
        Optional<String> golden = state instanceof SupervisorState.Starting
                        && current.from().snapshot().isEmpty()
                ? snapshots.goldenToTake()
                : Optional.empty();
        if (golden.isEmpty()) {
            return false;
        }
        // Nothing is asked of the guest meanwhile but what the template wants to be done.
        long epoch = current.number();
        context.pipeToSelf(
                snapshots.takeGolden(golden.get(), current.actor()), (taken, failure) -> new GoldenOver(epoch, ready));
        return true;
    }

    /** An incarnation is ready for everybody. */
    void ready(Incarnation current) {
        checkpointIn(snapshots.untilNext(true), current);
    }

    void on(Told told, Incarnation current, SupervisorState state) {
        if (told instanceof CheckpointDue due) {
            onCheckpointDue(due.epoch(), current, state);
        } else if (told instanceof CheckpointOver over) {
            onCheckpointOver(over, current, state);
        }
    }

    private void onCheckpointDue(long epoch, Incarnation current, SupervisorState state) {
        if (epoch == current.number() && state instanceof SupervisorState.Passivating) {
            checkpointIn(snapshots.untilNext(false), current);
        } else if (epoch == current.number() && state instanceof SupervisorState.Ready) {
            context.pipeToSelf(
                    snapshots.takeCheckpoint(current.actor()),
                    (report, failure) ->
                            new CheckpointOver(epoch, Optional.ofNullable(report), Optional.ofNullable(failure)));
        }
    }

    private void onCheckpointOver(CheckpointOver over, Incarnation current, SupervisorState state) {
        snapshots.checkpointOver(over.report(), over.failure());
        if (over.epoch() == current.number()
                && (state instanceof SupervisorState.Ready || state instanceof SupervisorState.Passivating)) {
            checkpointIn(snapshots.untilNext(over.report().isPresent()), current);
        }
    }

    private void checkpointIn(Duration time, Incarnation current) {
        if (!time.isZero()) {
            timers.startSingleTimer(new CheckpointDue(current.number()), time);
        }
    }

    /** The VM has ended for good. */
    void end() {
        snapshots.end();
    }
}
