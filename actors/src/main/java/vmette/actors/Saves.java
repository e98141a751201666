package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.errors.VmBusyException;
import vmette.errors.VmetteException;
import vmette.machine.Machine;
import vmette.machine.SaveReport;

/**
 * What an incarnation has under way of saves: one at most, for which its guest stands still or which is still being written while that goes on. The incarnation's own; not for several threads.
 */
final class Saves {
    /** What the incarnation hands back to {@link #on}. */
    sealed interface Told extends VmInstance.Command, DeadLetterSuppression {}

    private record SaveGoesOn() implements Told {}

    private record SaveOver(Optional<SaveReport> report, Optional<Throwable> failure) implements Told {}

    /** What the incarnation has to do. */
    enum Turn {
        /** Nothing. */
        STAY,
        /** To dial its agent again, if that is to be. */
        REDIAL,
        /** To go on: the machine is done with the save. */
        GO_ON,
        /** To end: it is saved, and was to end with that. */
        END,
        /** To stop, as it was asked to meanwhile. */
        STOP
    }

    private final ActorContext<VmInstance.Command> context;
    private final String vm;
    private final long incarnation;
    private final Consumer<InstanceReport> supervisor;
    private Optional<Saving> saving = Optional.empty();
    /** Its agent answers again, and it is still being written. */
    private Optional<Saving> writing = Optional.empty();

    /** @param supervisor told of each that succeeds */
    Saves(ActorContext<VmInstance.Command> context, String vm, long incarnation, Consumer<InstanceReport> supervisor) {
        this.context = context;
        this.vm = vm;
        this.incarnation = incarnation;
        this.supervisor = supervisor;
    }

    /**
     * Why the VM cannot be saved now.
     *
     * @param busy whether a save would take something from somebody
     */
    Optional<VmetteException> refusal(InstanceRequest.Save save, VmInstance.Phase phase, BooleanSupplier busy) {
        if (phase == VmInstance.Phase.SAVING || writing.isPresent()) {
            return Optional.of(new SaveFailedException(
                    "VM " + vm + " was not saved" + as(save) + ": a save of it is under way, and " + Saving.MOST_WAITING
                            + " requests wait for that; ask again later",
                    null));
        } else if (phase != VmInstance.Phase.READY) {
            return Optional.of(VmInstance.notRunning(vm, ": it was not saved" + as(save)));
        } else if (!save.evenIfBusy() && busy.getAsBoolean()) {
            return Optional.of(new VmBusyException("VM " + vm + " was not saved: commands or connections are open"));
        }
        return Optional.empty();
    }

    private static String as(InstanceRequest.Save save) {
        return save.snapshot().equals(Machine.UNNAMED) ? "" : " as " + save.snapshot();
    }

    /**
     * Keeps one that is asked for while another is under way until that is over.
     *
     * @return false: there is none, or no room for it any more
     */
    boolean hold(InstanceRequest.Save save, VmInstance.Phase phase) {
        return switch (phase) {
            case SAVING -> saving.get().hold(save);
            case READY -> writing.isPresent() && writing.get().hold(save);
            case BOOTING, STOPPING, ENDING -> false;
        };
    }

    /** The guest stands still from now on. */
    void begin(InstanceRequest.Save save, Consumer<SaveReport> kept, Machine machine) {
        saving = Optional.of(Saving.of(save));
        ActorRef<VmInstance.Command> self = context.getSelf();
        context.pipeToSelf(
                machine.save(save.snapshot(), save.thenEnd(), () -> self.tell(new SaveGoesOn()))
                        .thenApply(report -> {
                            kept.accept(report);
                            return report;
                        }),
                (report, failure) -> new SaveOver(
                        Optional.ofNullable(report),
                        Optional.ofNullable(failure).map(Reasons::unwrapped)));
    }

    /** The guest stands still for one that had failed already. */
    void beginLate() {
        saving = Optional.of(Saving.late());
    }

    /** The one for which the guest stands still, while it does. */
    Saving underWay() {
        return saving.orElseThrow();
    }

    /** The guest is as it was before that save, which may still have to be written. */
    Saving resumed() {
        Saving over = saving.orElseThrow();
        saving = Optional.empty();
        if (!over.isOver()) {
            writing = Optional.of(over);
        }
        return over;
    }

    /** The one that is being written while the guest goes on, if there is one. */
    Optional<Saving> beingWritten() {
        return writing;
    }

    Turn on(Told told, VmInstance.Phase phase) {
        if (told instanceof SaveOver over) {
            return onSaveOver(over, phase);
        }
        if (phase != VmInstance.Phase.SAVING) {
            return Turn.STAY;
        }
        saving.get().goesOn();
        return Turn.REDIAL;
    }

    private Turn onSaveOver(SaveOver over, VmInstance.Phase phase) {
        if (writing.isPresent()) {
            return onWritten(over);
        }
        if (phase != VmInstance.Phase.SAVING) {
            return Turn.STAY;
        }
        Saving own = saving.get();
        settle(own, over);
        if (over.report().isPresent() && own.thenEnd()) {
            own.answer();
            return Turn.END;
        }
        return Turn.GO_ON;
    }

    private Turn onWritten(SaveOver over) {
        Saving own = writing.get();
        writing = Optional.empty();
        settle(own, over);
        own.answer();
        own.release().forEach(context.getSelf()::tell);
        return own.isToStop() ? Turn.STOP : Turn.STAY;
    }

    private void settle(Saving own, SaveOver over) {
        over.failure().ifPresent(own::failed);
        over.report().ifPresent(report -> {
            own.saved(report);
            supervisor.accept(new InstanceReport.Saved(incarnation, report));
        });
    }
}
