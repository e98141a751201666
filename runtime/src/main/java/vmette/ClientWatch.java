package vmette;

import akka.actor.DeadLetterSuppression;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/** Waits for the end of a client's actor, as long as that matters to anybody. */
final class ClientWatch {
    private sealed interface Event {}

    private record ClientGone() implements Event {}

    private record Over() implements Event, DeadLetterSuppression {}

    private static final AtomicLong WATCHES = new AtomicLong();

    private ClientWatch() {}

    /**
     * Begins.
     *
     * @param client of any system that this one can watch
     * @param over when it does not matter any more
     * @param gone run once, if the client ends before that, or has
     */
    static void begin(ActorSystem<?> system, ActorRef<?> client, CompletionStage<?> over, Runnable gone) {
        try {
            system.systemActorOf(
                    create(client, over, gone), "vmette-client-watch-" + WATCHES.incrementAndGet(), Props.empty());
        } catch (IllegalStateException terminated) {
            gone.run();
        }
    }

    private static Behavior<Event> create(ActorRef<?> client, CompletionStage<?> over, Runnable gone) {
        return Behaviors.setup(context -> {
            context.watchWith(client, new ClientGone());
            ActorRef<Event> self = context.getSelf();
            over.whenComplete((done, failure) -> self.tell(new Over()));
            return Behaviors.receiveMessage(event -> {
                if (event instanceof ClientGone) {
                    gone.run();
                }
                return Behaviors.stopped();
            });
        });
    }
}
