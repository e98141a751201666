package vmette.bench;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import vmette.errors.VmetteException;

/** Waiting, which all of a benchmark's own threads do. */
final class Await {
    private static final long DEADLINE_SECONDS = 300;
    private static final long POLL_MILLIS = 20;

    private Await() {}

    /** The stage's result; a {@link VmetteException} comes out as itself. */
    static <T> T on(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture()
                    .copy()
                    .orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof VmetteException known ? known : e;
        }
    }

    /** Whether the condition came true in time; asks every 20 ms. */
    static boolean until(BooleanSupplier condition, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() >= end) {
                return false;
            }
            pause(Duration.ofMillis(POLL_MILLIS));
        }
        return true;
    }

    /** Lets time pass in which something is measured. */
    static void pause(Duration duration) {
        try {
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
