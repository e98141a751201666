package vmette.stream;

import akka.Done;
import akka.actor.typed.ActorSystem;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.errors.VmLostException;

/**
 * An ActorSystem for streams whose results somebody waits for. A stream that is materialised just as its system terminates may be taken and never be
 * run, and then tells nothing: whoever waits for it is told by this. Thread-safe.
 */
public final class SystemStreams {
    private final CompletionStage<ActorSystem<?>> system;
    private final CompletableFuture<Done> terminated = new CompletableFuture<>();

    /** @param system completes when it is up */
    public SystemStreams(CompletionStage<ActorSystem<?>> system) {
        this.system = system;
        system.thenCompose(ActorSystem::getWhenTerminated)
                .thenRun(() -> terminated.completeExceptionally(
                        new VmLostException("the ActorSystem of the runtime has terminated")));
    }

    /** Completes when it is up. */
    public CompletionStage<ActorSystem<?>> onceUp() {
        return system;
    }

    /**
     * Runs something in it.
     *
     * @param task given the system when it is up
     * @return what the task's stage tells; if the system terminates before that, fails with {@link VmLostException}
     */
    public <T> CompletionStage<T> run(Function<? super ActorSystem<?>, ? extends CompletionStage<T>> task) {
        CompletableFuture<T> result = system.<T>thenCompose(task).toCompletableFuture();
        // The first to end takes itself off the other, so that nothing of a task stays for the system's life.
        return CompletableFuture.anyOf(result, terminated)
                .thenCompose(first -> result)
                .minimalCompletionStage();
    }
}
