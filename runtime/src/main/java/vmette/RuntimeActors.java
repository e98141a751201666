package vmette;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import vmette.actors.FleetActor;
import vmette.actors.FleetTicket;
import vmette.actors.FleetVms;
import vmette.actors.VmRegistry;
import vmette.config.RuntimeSettings;
import vmette.stream.SystemStreams;

/** The ActorSystem of a runtime, its own or its caller's, with the registry of its VMs in it. Thread-safe. */
final class RuntimeActors {
    private static final String OWN_CONFIG =
            "akka { scheduler.tick-duration = 50ms, coordinated-shutdown.run-by-jvm-shutdown-hook = off,"
                    + " jvm-exit-on-fatal-error = off }";

    private static final AtomicLong REGISTRIES = new AtomicLong();
    private static final AtomicLong FLEETS = new AtomicLong();

    private final RuntimeSettings settings;
    private final Machinery machines;
    private final Optional<ActorSystem<?>> callers;
    private final CompletableFuture<ActorSystem<?>> system = new CompletableFuture<>();
    private final SystemStreams streams = new SystemStreams(system.minimalCompletionStage());
    private final CompletableFuture<ActorRef<VmRegistry.Command>> registry = new CompletableFuture<>();
    private final CompletableFuture<Done> registryOver = new CompletableFuture<>();

    /**
     * Those of one that has not started.
     *
     * @param callers the caller's ActorSystem; empty: there is to be one of the runtime's own
     */
    RuntimeActors(RuntimeSettings settings, Machinery machines, Optional<ActorSystem<?>> callers) {
        this.settings = settings;
        this.machines = machines;
        this.callers = callers;
    }

    /** @param over run when the registry is gone, or has never been there */
    void start(Runnable over) {
        registryOver.minimalCompletionStage().thenRun(over);
        onceUp().thenAccept(up -> up.getWhenTerminated().thenRun(() -> registryOver.complete(Done.getInstance())));
        if (callers.isPresent()) {
            ActorSystem<?> given = callers.get();
            system.complete(given);
            registry.complete(
                    given.systemActorOf(behavior(), "vmette-registry-" + REGISTRIES.incrementAndGet(), Props.empty()));
        } else {
            // On a thread of its own: a first VM boots meanwhile.
            Thread starter = new Thread(this::startSystem, "vmette-start");
            starter.setDaemon(true);
            starter.start();
        }
    }

    private Behavior<VmRegistry.Command> behavior() {
        return VmRegistry.create(settings, machines, registryOver);
    }

    private void startSystem() {
        try {
            ActorSystem<VmRegistry.Command> own = ActorSystem.create(behavior(), "vmette", ownConfig());
            system.complete(own);
            registry.complete(own);
        } catch (RuntimeException | Error e) {
            system.completeExceptionally(e);
            registry.completeExceptionally(e);
        }
    }

    /**
     * Between what the user says and Akka's own defaults. A scheduler that wakes 20 times a second and not 100 times, which is most of
     * what an idle runtime costs; none of our timers is that exact. And no shutdown hook of Akka's beside ours, which ends the VMs. What Akka takes
     * for fatal ends the system, and with it the VMs, in order; whether the program goes on is its own affair.
     */
    private static Config ownConfig() {
        return ConfigFactory.defaultOverrides()
                .withFallback(ConfigFactory.defaultApplication())
                .withFallback(ConfigFactory.parseString(OWN_CONFIG))
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
    }

    /** Waits until it is up. */
    ActorSystem<?> system() {
        try {
            return system.join();
        } catch (CompletionException e) {
            throw new IllegalStateException("the ActorSystem could not be started", e.getCause());
        }
    }

    /** Completes when it is up. */
    CompletionStage<ActorSystem<?>> onceUp() {
        return streams.onceUp();
    }

    /** Those that somebody waits for. */
    SystemStreams streams() {
        return streams;
    }

    /** Completes when it can be told something. */
    CompletionStage<ActorRef<VmRegistry.Command>> registry() {
        return registry.minimalCompletionStage();
    }

    /** Whether the registry does not answer any more. */
    boolean areOver() {
        return registryOver.isDone();
    }

    /** Whether the system is the runtime's own. */
    boolean areOwn() {
        return callers.isEmpty();
    }

    CompletionStage<ActorRef<FleetActor.Command>> spawn(FleetTicket ticket, FleetVms vms) {
        return onceUp().thenApply(up -> up.systemActorOf(
                FleetActor.create(ticket, vms), "vmette-fleet-" + FLEETS.incrementAndGet(), Props.empty()));
    }

    /** Has every VM ended. */
    void stopAll() {
        registry().thenAccept(actor -> actor.tell(new VmRegistry.StopAll()));
    }

    /** The system ends, if it is the runtime's own and has ever begun. */
    void terminate() {
        if (areOwn() && !system.isCompletedExceptionally()) {
            system().terminate();
        }
    }
}
