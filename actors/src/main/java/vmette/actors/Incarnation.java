package vmette.actors;

import akka.actor.typed.ActorRef;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.machine.Machine;
import vmette.recovery.Origin;

/** One life of a VM, as its supervisor keeps book of it. Not for several threads. */
final class Incarnation {
    private final String vm;
    private final long number;
    private final Origin from;
    private final CompletionStage<Machine> machine;
    private final ActorRef<VmInstance.Command> actor;
    private final Instant started;
    private Optional<Instant> ready = Optional.empty();
    private Optional<VmFailure> closingFor = Optional.empty();
    private Optional<InstanceReport.Ended> ended = Optional.empty();
    private boolean leaving;
    private boolean actorGone;

    Incarnation(
            String vm,
            long number,
            Origin from,
            CompletionStage<Machine> machine,
            ActorRef<VmInstance.Command> actor,
            Instant started) {
        this.vm = vm;
        this.number = number;
        this.from = from;
        this.machine = machine;
        this.actor = actor;
        this.started = started;
    }

    long number() {
        return number;
    }

    Origin from() {
        return from;
    }

    CompletionStage<Machine> machine() {
        return machine;
    }

    ActorRef<VmInstance.Command> actor() {
        return actor;
    }

    Instant started() {
        return started;
    }

    void becameReady(Instant now) {
        ready = Optional.of(now);
    }

    boolean wasReady() {
        return ready.isPresent();
    }

    void closing(Optional<VmFailure> why) {
        closingFor = why;
    }

    /** It takes nothing more, and ends soon. */
    void leaving() {
        leaving = true;
    }

    void ended(InstanceReport.Ended last) {
        ended = Optional.of(last);
    }

    boolean hasEnded() {
        return ended.isPresent();
    }

    void actorGone() {
        actorGone = true;
    }

    /** Whether it can still be told something. */
    boolean isThere() {
        return !actorGone && !leaving && ended.isEmpty();
    }

    /** Its last report, once there can be no other: the instance's own can overtake those of its commands. */
    Optional<InstanceReport.Ended> over() {
        return ended.filter(last -> actorGone);
    }

    VmFailure.Life life(Instant now) {
        return new VmFailure.Life(from, started, ready, now);
    }

    /** A failure of this incarnation that it has not told itself. */
    VmFailure failure(VmFailure.Cause cause) {
        return new VmFailure(vm, number, cause, wasReady(), Optional.empty(), List.of());
    }

    /** What its machine's not ending is. */
    VmFailure remaining(Duration waited) {
        Machine made = machine.toCompletableFuture().getNow(null);
        List<Long> pids = made == null ? List.of() : made.processes();
        VmFailure closing = closingFor.orElseGet(() -> failure(new VmFailure.OperatorStop()));
        return closing.withCause(new VmFailure.ProcessRemains(pids, waited, closing.cause()));
    }
}
