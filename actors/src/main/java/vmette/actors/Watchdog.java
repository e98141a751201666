package vmette.actors;

import akka.actor.Cancellable;
import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import vmette.config.HealthCheck;
import vmette.config.RuntimeSettings;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;

/**
 * Finds out when an incarnation that is ready is of no use any more: has its liveness looked at and its health checked, and notices an agent that does not read. The incarnation's own; not
 * for several threads.
 */
final class Watchdog {
    /** How long the agent may leave its control connection unread: commands would pile up on this side. A guest that says nothing either has longer. */
    private static final Duration DEAF_PATIENCE = Duration.ofSeconds(30);

    /** What the incarnation hands back to {@link #on}. */
    sealed interface Told extends VmInstance.Command {}

    private record Deaf() implements Told {}

    private record Look() implements Told, DeadLetterSuppression {}

    private record Unhealthy(VmFailure.Cause cause) implements Told, DeadLetterSuppression {}

    private final ActorContext<VmInstance.Command> context;
    private final TimerScheduler<VmInstance.Command> timers;
    private final VmTicket vm;
    private final long incarnation;
    private final RuntimeSettings settings;
    private final InstantSource clock;
    private Optional<Liveness> liveness = Optional.empty();
    private Cancellable nextLook;
    private Optional<ActorRef<?>> checks = Optional.empty();
    private long checkers;
    // A clone's guest may still have one of the VM that it was made of.
    private final AtomicLong lastCheck =
            new AtomicLong(ThreadLocalRandom.current().nextInt(1 << 30));

    /** @param clock never goes back */
    Watchdog(
            ActorContext<VmInstance.Command> context,
            TimerScheduler<VmInstance.Command> timers,
            VmTicket vm,
            long incarnation,
            RuntimeSettings settings,
            InstantSource clock) {
        this.context = context;
        this.timers = timers;
        this.vm = vm;
        this.incarnation = incarnation;
        this.settings = settings;
        this.clock = clock;
    }

    /** The guest is ready, or goes on after a save. */
    void watch(Machine machine, AgentLink link) {
        if (settings.liveness().isOn()) {
            liveness = Optional.of(new Liveness(settings.liveness(), clock, machine, link));
            lookLater();
        }
        vm.spec().health().ifPresent(health -> check(health, machine));
    }

    /** A guest that stands still gives no sign of life, and is not to be asked for one. */
    void pause() {
        end();
        liveness = Optional.empty();
        timers.cancel(new Deaf());
        checks.ifPresent(actor -> context.stop(actor));
        checks = Optional.empty();
    }

    /** The incarnation ends, and with it its timers and the actor of its health checks. */
    void end() {
        if (nextLook != null) {
            nextLook.cancel();
        }
    }

    /** The agent says something. */
    void heard(AgentFrame frame) {
        liveness.ifPresent(watch -> watch.heard(frame));
    }

    /** More waits for the agent than it should ever leave unread. */
    void congested() {
        if (!timers.isTimerActive(new Deaf())) {
            timers.startSingleTimer(new Deaf(), DEAF_PATIENCE);
        }
    }

    /** The agent has read on. */
    void eased() {
        timers.cancel(new Deaf());
    }

    /**
     * Something that it has told the incarnation.
     *
     * @param ready whether the incarnation still is
     * @return why it is to be ended, if so
     */
    Optional<VmFailure.Cause> on(Told told, boolean ready) {
        if (told instanceof Deaf) {
            return onDeaf();
        } else if (!ready) {
            return Optional.empty();
        }
        return told instanceof Unhealthy unhealthy ? Optional.of(unhealthy.cause()) : onLook();
    }

    /** Of a guest that is silent altogether the rules of liveness know more. */
    private Optional<VmFailure.Cause> onDeaf() {
        if (liveness.filter(Liveness::isSilent).isPresent()) {
            timers.startSingleTimer(new Deaf(), DEAF_PATIENCE);
            return Optional.empty();
        }
        return Optional.of(new VmFailure.AgentLost(
                "the agent has read nothing of what waits for it for " + DEAF_PATIENCE.toSeconds() + " s"));
    }

    private Optional<VmFailure.Cause> onLook() {
        Optional<VmFailure.Cause> lost = liveness.flatMap(Liveness::look);
        if (lost.isEmpty()) {
            lookLater();
        }
        return lost;
    }

    private void lookLater() {
        // Not by the timers: the first that goes off has an actor's context make a logger, and this one does in each.
        nextLook = context.scheduleOnce(settings.liveness().interval(), context.getSelf(), new Look());
    }

    private void check(HealthCheck health, Machine machine) {
        ActorRef<VmInstance.Command> self = context.getSelf();
        long ids = ExecutionIds.HEALTH + (incarnation << 32);
        ActorRef<?> actor = context.spawn(
                HealthChecks.create(
                        health,
                        clock,
                        () -> machine.vitals().paused(),
                        number -> HealthProbe.begin(
                                health,
                                ids + lastCheck.incrementAndGet(),
                                command -> self.tell(new InstanceRequest.Run(command)),
                                connection -> self.tell(new InstanceRequest.Forward(connection)),
                                machine.vsock(),
                                settings.vsock().connectTimeout()),
                        failed -> self.tell(new Unhealthy(failed))),
                "health-" + ++checkers);
        // It ends by itself when it has told what it found; a bug of it must not leave a VM that nobody checks.
        context.watch(actor);
        checks = Optional.of(actor);
    }
}
