package vmette.actors;

import akka.actor.testkit.typed.javadsl.ManualTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that a test moves, and the scheduler's with it. */
final class TestClock implements InstantSource {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private volatile Instant now = START;

    @Override
    public Instant instant() {
        return now;
    }

    /** For this clock alone: what the scheduler has to do comes late. */
    void pass(Duration duration) {
        now = now.plus(duration);
    }

    /** For a test that has seen what was to happen before. */
    void pass(Duration duration, PromptScheduler scheduler) {
        pass(duration);
        scheduler.pass(duration);
    }

    void pass(Duration duration, ManualTime scheduler) {
        pass(duration);
        scheduler.timePasses(duration);
    }
}
