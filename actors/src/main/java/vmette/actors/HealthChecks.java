package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import vmette.config.Durations;
import vmette.config.HealthCheck;
import vmette.liveness.HealthTally;

/**
 * Checks one incarnation again and again, from when it is ready: one check at a time, each with its timeout. When enough of them have failed in
 * a row that is told, once, and no more is checked.
 */
final class HealthChecks extends AbstractBehavior<HealthChecks.Command> {
    sealed interface Command {}

    private record Due() implements Command {}

    private record Late() implements Command {}

    /** Suppressed among dead letters: with the incarnation its commands end after its actors. */
    private record Over(Optional<String> failure) implements Command, DeadLetterSuppression {}

    private final TimerScheduler<Command> timers;
    private final HealthCheck check;
    private final InstantSource clock;
    private final BooleanSupplier paused;
    private final LongFunction<HealthProbe> begin;
    private final Consumer<VmFailure.HealthCheckFailed> unhealthy;
    private HealthTally tally;
    private Optional<HealthProbe> underWay = Optional.empty();
    private long number;
    private boolean judged = true;

    private HealthChecks(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            HealthCheck check,
            InstantSource clock,
            BooleanSupplier paused,
            LongFunction<HealthProbe> begin,
            Consumer<VmFailure.HealthCheckFailed> unhealthy) {
        super(context);
        this.timers = timers;
        this.check = check;
        this.clock = clock;
        this.paused = paused;
        this.begin = begin;
        this.unhealthy = unhealthy;
        this.tally = HealthTally.begin(clock.instant());
        next();
    }

    /**
     * Begins with the first interval.
     *
     * @param clock never goes back
     * @param paused whether the guest's processors are held; then no failure counts
     * @param begin begins a check with this number, from 1; neither blocks nor throws
     * @param unhealthy told why the incarnation is to be ended
     */
    static Behavior<Command> create(
            HealthCheck check,
            InstantSource clock,
            BooleanSupplier paused,
            LongFunction<HealthProbe> begin,
            Consumer<VmFailure.HealthCheckFailed> unhealthy) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new HealthChecks(context, timers, check, clock, paused, begin, unhealthy)));
    }

    @Override
    public Receive<Command> createReceive() {
        return Guarded.failing(newReceiveBuilder()
                .onMessage(Due.class, due -> onDue())
                .onMessage(Late.class, late -> onLate())
                .onMessage(Over.class, over -> onOver(over.failure()))
                .build());
    }

    private void next() {
        timers.startSingleTimer(new Due(), check.interval());
    }

    private Behavior<Command> onDue() {
        if (underWay.isPresent()) {
            return judge(Optional.of("the check before, which took too long and was killed, has not ended yet"));
        }
        judged = false;
        HealthProbe probe = begin.apply(++number);
        underWay = Optional.of(probe);
        timers.startSingleTimer(Late.class, new Late(), check.timeout());
        getContext().pipeToSelf(probe.result(), (failure, never) -> new Over(failure));
        return this;
    }

    /** Its command may take a while to die, or not die at all: the next check waits for it, its verdict does not. */
    private Behavior<Command> onLate() {
        judged = true;
        underWay.ifPresent(HealthProbe::cancel);
        return judge(Optional.of("it took longer than " + Durations.text(check.timeout())));
    }

    private Behavior<Command> onOver(Optional<String> failure) {
        underWay = Optional.empty();
        if (judged) {
            return this;
        }
        judged = true;
        timers.cancel(Late.class);
        return judge(failure);
    }

    private Behavior<Command> judge(Optional<String> failure) {
        if (failure.isEmpty()) {
            tally = tally.passed();
        } else if (!paused.getAsBoolean()) {
            tally = tally.failed(clock.instant(), check.startPeriod());
            getContext().getLog().debug("{}: {} (counts {})", check.text(), failure.get(), tally.failures());
            if (tally.failures() >= check.retries()) {
                unhealthy.accept(new VmFailure.HealthCheckFailed(check.text(), tally.failures(), failure.get()));
                return Behaviors.stopped();
            }
        }
        next();
        return this;
    }
}
