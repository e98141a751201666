package vmette.actors;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.config.RuntimeSettings;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.Machine;

/**
 * When a VM's service begins, goes on and is to end in one incarnation: begins it, finds it again in a guest that was saved, and has it stop. The incarnation's own; not for several threads.
 */
final class ServiceLifecycle {
    /** What a service that was told to end may take beyond its kill grace before its guest is powered off all the same. */
    private static final Duration SERVICE_MARGIN = Duration.ofSeconds(2);

    /** What the incarnation hears of it. */
    sealed interface Told extends VmInstance.Command {}

    /** It has ended; empty: that is no failure. */
    record ServiceEnded(Optional<VmFailure.Cause> failure) implements Told, DeadLetterSuppression {}

    /** Whether the guest has it is known: {@link #goOn}. */
    record ServiceKnown() implements Told, DeadLetterSuppression {}

    /** It was told to end and has not. */
    record ServiceOverdue() implements Told {}

    private final ActorContext<VmInstance.Command> context;
    private final TimerScheduler<VmInstance.Command> timers;
    private final VmTicket vm;
    private final long incarnation;
    private final RuntimeSettings settings;
    private final GuestWork work;
    private final ServiceRun own;

    /** @param machine whose guest is ready */
    ServiceLifecycle(
            ActorContext<VmInstance.Command> context,
            TimerScheduler<VmInstance.Command> timers,
            VmTicket vm,
            VmService what,
            long incarnation,
            RuntimeSettings settings,
            Machine machine,
            GuestWork work) {
        this.context = context;
        this.timers = timers;
        this.vm = vm;
        this.incarnation = incarnation;
        this.settings = settings;
        this.work = work;
        this.own = new ServiceRun(
                what,
                machine.vsock(),
                settings.vsock().connectTimeout(),
                what.run().toExec().killGrace().orElse(settings.exec().killGrace()),
                vm.log());
    }

    /** @param restored whether the guest was saved, and may have it already */
    void begin(InstantSource clock, boolean restored) {
        if (incarnation > 1) {
            vm.log()
                    .mark("--- incarnation " + incarnation + ", "
                            + clock.instant().truncatedTo(ChronoUnit.SECONDS));
        }
        context.pipeToSelf(own.end(), (failure, never) -> new ServiceEnded(failure));
        if (restored) {
            learnOfService();
        } else {
            start();
        }
    }

    private void start() {
        own.begin(ExecutionIds.SERVICES + incarnation, work::run);
    }

    /** The guest may have it: what the agent announces comes before its next sign of life. */
    void learnOfService() {
        CompletableFuture<AgentFrame.Pong> told = new CompletableFuture<>();
        work.ping(told);
        context.pipeToSelf(told, (pong, failure) -> new ServiceKnown());
    }

    /** It goes on in the guest, or, in one that was saved before it began, begins. */
    void goOn() {
        Optional<Long> id = own.id().or(() -> work.announced().stream()
                .filter(ExecutionIds::isOfService)
                .findFirst());
        if (id.isEmpty()) {
            start();
            return;
        }
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        work.find(id.get(), found);
        CompletionStage<DetachedTicket> answer = found;
        answer.whenComplete((ticket, failure) -> {
            if (failure == null) {
                own.adopt(ticket);
            } else {
                own.lost(failure);
            }
        });
    }

    /** Has it end: {@link ServiceEnded} follows, or {@link ServiceOverdue}. */
    void stop() {
        own.stop();
        timers.startSingleTimer(
                new ServiceOverdue(), settings.exec().killGrace().plus(SERVICE_MARGIN));
    }
}
