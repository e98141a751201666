package vmette.control;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * How long the clients of one server may let it wait, and how fast they are heard.
 *
 * @param requests for clients that do not say what they want
 * @param lastWords for those that do not take how their commands ended
 * @param pace of what each of them tells its command
 */
record Bounds(Patience requests, Patience lastWords, Supplier<Pace> pace) {
    private static final long REQUEST_SECONDS = 20;

    /** Long: a client may be stopped at its terminal. */
    private static final long LAST_WORDS_SECONDS = 600;

    /** By the host's clock. */
    static Bounds usual() {
        return new Bounds(after(REQUEST_SECONDS), after(LAST_WORDS_SECONDS), Pace::new);
    }

    private static Patience after(long seconds) {
        return new Patience(CompletableFuture.delayedExecutor(seconds, TimeUnit.SECONDS));
    }
}
