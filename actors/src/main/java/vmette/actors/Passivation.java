package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.Reasons;
import vmette.errors.VmBusyException;
import vmette.machine.SaveReport;
import vmette.passivation.Activity;
import vmette.passivation.Passivity;
import vmette.passivation.Step;
import vmette.recovery.Origin;
import vmette.recovery.Rung;
import vmette.recovery.SnapshotShelf;

/**
 * Saves a VM that nobody uses and has it woken when it is wanted: does what {@link Passivity} decides, and tells its supervisor what that has to do. The supervisor's own; not for
 * several threads.
 */
final class Passivation {
    private static final Logger LOG = LoggerFactory.getLogger(Passivation.class);

    /** What a supervisor hears of it, and hands back to {@link #on}. */
    sealed interface Told extends VmSupervisor.Command {}

    private record LookDue(long epoch) implements Told {}

    private record Looked(long epoch, Activity activity) implements Told, DeadLetterSuppression {}

    private record NotSaved(long epoch, Throwable why) implements Told, DeadLetterSuppression {}

    // Of any thread.
    private record Dialled(int port, Duration timeout) implements Told, DeadLetterSuppression {}

    private record DialLate(long number) implements Told {}

    /** What its supervisor has to do. */
    enum Turn {
        /** Nothing. */
        STAY,
        /** To let what is asked wait: the VM is being saved. */
        SAVING,
        /** To pass on what waits: the VM goes on. */
        GO_ON,
        /** To begin another incarnation from {@link #origin}. */
        WAKE
    }

    private record Question(VmRequest request, VmInstance.Command message) {}

    private final ActorContext<VmSupervisor.Command> context;
    private final TimerScheduler<VmSupervisor.Command> timers;
    private final VmTicket vm;
    private final Supervision supervision;
    private final Consumer<VmEvent> events;
    private final PassiveShelf shelf;
    private final Passivity passivity;
    private final List<Question> questions = new ArrayList<>();
    private Optional<SaveReport> report = Optional.empty();
    private Instant began = Instant.EPOCH;
    private Instant rested = Instant.EPOCH;
    private Instant woken = Instant.EPOCH;
    private String by = "";
    private long dials;

    /** @param discard gives up a snapshot by its id; does not block */
    Passivation(
            ActorContext<VmSupervisor.Command> context,
            TimerScheduler<VmSupervisor.Command> timers,
            VmTicket vm,
            Supervision supervision,
            Consumer<String> discard,
            Consumer<VmEvent> events) {
        this.context = context;
        this.timers = timers;
        this.vm = vm;
        this.supervision = supervision;
        this.events = events;
        this.shelf = new PassiveShelf(supervision.shelf(), discard, supervision.clock());
        // What runs in a service's VM is always a use of it.
        this.passivity = new Passivity(
                vm.service().isPresent() ? Duration.ZERO : vm.spec().snapshots().passivateAfter());
    }

    /** The VM's snapshots, and that of its being passive. */
    SnapshotShelf shelf() {
        return shelf;
    }

    private Instant now() {
        return supervision.clock().instant();
    }

    // ---- what happens

    /** An incarnation is ready for everybody. */
    void ready(Incarnation current) {
        Optional<String> kept = shelf.kept().map(snapshot -> snapshot.id());
        boolean back = kept.isPresent()
                && current.from().snapshot().map(from -> from.id()).equals(kept);
        shelf.drop();
        Instant now = now();
        if (back) {
            events.accept(new VmEvent.Woken(
                    vm.name(),
                    current.number(),
                    now,
                    by,
                    Duration.between(rested, woken),
                    Duration.between(woken, now)));
        }
        turn(passivity.ready(now), current);
    }

    /** Passes on what has waited. */
    void passOn(Requests requests, Incarnation current) {
        List<Question> waiting = List.copyOf(questions);
        questions.clear();
        waiting.stream()
                .filter(each -> !each.request().answer().toCompletableFuture().isDone())
                .forEach(each -> requests.pass(each.request(), each.message(), current.actor()));
    }

    Turn on(Told told, Incarnation current) {
        if (told instanceof Dialled dialled) {
            timers.startSingleTimer(new DialLate(++dials), dialled.timeout());
            return asked("a connection to its vsock port " + Integer.toUnsignedString(dialled.port()), current);
        } else if (told instanceof DialLate) {
            vm.vsock().refuseLate();
        } else if (told instanceof LookDue due && due.epoch() == current.number()) {
            look(current);
        } else if (told instanceof Looked looked && looked.epoch() == current.number()) {
            return turn(passivity.look(looked.activity(), now()), current);
        } else if (told instanceof NotSaved not && not.epoch() == current.number()) {
            return notSaved(not.why(), current);
        }
        return Turn.STAY;
    }

    private void look(Incarnation current) {
        if (passivity.phase() != Passivity.Phase.AWAKE) {
            return;
        }
        CompletableFuture<Activity> reply = new CompletableFuture<>();
        long epoch = current.number();
        current.actor().tell(new InstanceRequest.Observe(reply));
        context.pipeToSelf(reply, (activity, never) -> new Looked(epoch, activity));
    }

    private Turn turn(Step step, Incarnation current) {
        if (step instanceof Step.Look next) {
            LookDue due = new LookDue(current.number());
            timers.startSingleTimer(due, due, next.in());
        } else if (step instanceof Step.Save save) {
            save(save.begun(), current);
            return Turn.SAVING;
        } else if (step instanceof Step.GoOn) {
            vm.vsock().release();
            turn(passivity.lookAgain(now()), current);
            return Turn.GO_ON;
        } else if (step instanceof Step.Wake) {
            woken = now();
            return Turn.WAKE;
        }
        return Turn.STAY;
    }

    private void save(long begun, Incarnation current) {
        began = now();
        by = "";
        report = Optional.empty();
        ActorRef<VmSupervisor.Command> self = context.getSelf();
        vm.vsock().hold((port, timeout) -> self.tell(new Dialled(port, timeout)));
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        current.actor().tell(new InstanceRequest.Passivate(begun, shelf.expect(), reply));
        long epoch = current.number();
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        reply.exceptionally(failure -> {
            refused.complete(Reasons.unwrapped(failure));
            return null;
        });
        context.pipeToSelf(refused, (why, never) -> new NotSaved(epoch, why));
    }

    private Turn notSaved(Throwable why, Incarnation current) {
        if (passivity.phase() != Passivity.Phase.SAVING) {
            return Turn.STAY;
        }
        shelf.drop();
        boolean inUse = why instanceof VmBusyException;
        if (!inUse) {
            LOG.warn("VM {} is not passivated, now or later: {}", vm.name(), why.getMessage());
            events.accept(
                    new VmEvent.NotPassivated(vm.name(), current.number(), now(), String.valueOf(why.getMessage())));
        }
        return turn(passivity.notSaved(!inUse, now()), current);
    }

    /** Whether that was saved for its being passive, which nobody else has to hear of. */
    boolean took(SaveReport saved) {
        boolean own = shelf.isLast(saved.snapshot());
        if (own) {
            report = Optional.of(saved);
        }
        return own;
    }

    /** Something is asked of the VM. */
    Turn asked(VmRequest request, Incarnation current) {
        return asked(what(request), current);
    }

    private Turn asked(String what, Incarnation current) {
        if (passivity.isAway() && by.isEmpty()) {
            by = what;
        }
        return turn(passivity.asked(), current);
    }

    private static String what(VmRequest request) {
        if (request instanceof VmRequest.Run) {
            return "a command";
        } else if (request instanceof VmRequest.Forward forward) {
            return "a connection to port " + forward.ticket().port();
        } else if (request instanceof VmRequest.Find find) {
            return "an attachment to command " + find.execution();
        }
        return request instanceof VmRequest.Save ? "a snapshot" : "a question to its agent";
    }

    /** Whether a request that waits for no incarnation otherwise does so now, or was refused since too many wait. */
    boolean keeps(VmRequest request, VmInstance.Command message) {
        if (!passivity.isAway()) {
            return false;
        }
        questions.removeIf(each -> each.request().answer().toCompletableFuture().isDone());
        if (questions.size() >= VmSupervisor.STASH) {
            request.fail(new VmBusyException("VM " + vm.name() + " was passive and " + questions.size()
                    + " questions wait for it already: wait until it is ready"));
        } else {
            questions.add(new Question(request, message));
        }
        return true;
    }

    // ---- what ends

    /** Whether the incarnation that has just ended left all of it in a snapshot. */
    boolean isSaved() {
        return passivity.phase() == Passivity.Phase.SAVING && shelf.kept().isPresent() && report.isPresent();
    }

    /** It is passive from now on. */
    Turn rest(Incarnation former) {
        rested = now();
        events.accept(new VmEvent.Passivated(
                vm.name(), former.number(), rested, report.orElseThrow(), Duration.between(began, rested)));
        return turn(passivity.saved(), former);
    }

    /** What it is woken from. */
    Origin origin() {
        return new Origin(Rung.LAST_GOOD, shelf.kept());
    }

    /** An incarnation has ended otherwise. One that came back from the snapshot leaves it for another try. */
    void lost() {
        passivity.lost();
        if (passivity.phase() == Passivity.Phase.DOWN) {
            shelf.drop();
        }
    }

    /** It is to end, or to boot anew. */
    void down() {
        passivity.down();
        shelf.drop();
    }

    /** The VM has ended. */
    void end(Throwable reason) {
        passivity.down();
        questions.forEach(each -> each.request().fail(reason));
        questions.clear();
    }
}
