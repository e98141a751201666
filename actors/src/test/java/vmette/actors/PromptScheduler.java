package vmette.actors;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Adapter;
import akka.event.LoggingAdapter;
import akka.testkit.ExplicitlyTriggeredScheduler;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;

/**
 * The scheduler of {@code ManualTime}, which sleeps a tenth of a second before time passes, so that the actors get to do what they were told. A test
 * that has seen them do it can let time pass at once.
 */
final class PromptScheduler extends ExplicitlyTriggeredScheduler {
    /** Over {@code ManualTime}'s own. */
    static final Config CONFIG =
            ConfigFactory.parseString("akka.scheduler.implementation = \"" + PromptScheduler.class.getName() + "\"");

    /** Called by Akka. */
    PromptScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {
        super(config, log, threads);
    }

    static PromptScheduler of(ActorSystem<?> system) {
        return (PromptScheduler) Adapter.toClassic(system).scheduler();
    }

    /** Executes what is due until then, in its order, and returns. */
    void pass(Duration amount) {
        // The clock stands at the time of what was executed last.
        scheduleOnce(amount, () -> {}, null);
        executeTasks(currentTimeMs() + amount.toMillis());
    }
}
