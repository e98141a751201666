package vmette.stream;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import java.lang.ref.WeakReference;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;

class SystemStreamsTest {
    private final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "streams");
    private final CompletableFuture<ActorSystem<?>> up = new CompletableFuture<>();
    private final SystemStreams streams = new SystemStreams(up);

    @AfterEach
    void stop() {
        system.terminate();
        Await.value(system.getWhenTerminated());
    }

    @Test
    void itWaitsForTheSystem() {
        CompletionStage<String> run = streams.run(given -> CompletableFuture.completedStage(given.name()));
        assertThat(run.toCompletableFuture()).isNotDone();
        up.complete(system);
        assertThat(Await.value(run)).isEqualTo("streams");
    }

    @Test
    void aFailureIsTheTasksOwn() {
        up.complete(system);
        IllegalStateException own = new IllegalStateException("own");
        assertThat(Reasons.unwrapped(Await.failure(streams.run(given -> CompletableFuture.failedStage(own)))))
                .isSameAs(own);
        assertThat(Reasons.unwrapped(Await.failure(streams.run(given -> {
                    throw own;
                }))))
                .isSameAs(own);
    }

    @Test
    void whatNeverEndsEndsWithTheSystem() {
        up.complete(system);
        CompletionStage<Done> run = streams.run(given -> new CompletableFuture<>());
        system.terminate();
        assertThat(Reasons.unwrapped(Await.failure(run))).isInstanceOf(VmLostException.class);
        Await.value(system.getWhenTerminated());
        String before = Await.value(streams.run(given -> CompletableFuture.completedStage("done before")));
        assertThat(before).isEqualTo("done before");
    }

    /** A system lives for as long as its program, and tasks are without number. */
    @Test
    void nothingOfATaskStays() {
        up.complete(system);
        WeakReference<Object> result = resultOfATask();
        Await.until("nothing holds its result", () -> {
            System.gc();
            return result.get() == null;
        });
    }

    private WeakReference<Object> resultOfATask() {
        CompletableFuture<Object> task = new CompletableFuture<>();
        CompletionStage<Object> run = streams.run(given -> task);
        task.complete(new Object());
        return new WeakReference<>(Await.value(run));
    }
}
