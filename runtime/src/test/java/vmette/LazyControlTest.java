package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import vmette.control.ControlledRuntime;
import vmette.process.RuntimeDirectory;

/** What waits for files does so elsewhere. */
class LazyControlTest {
    private final Deque<Runnable> tasks = new ArrayDeque<>();

    /** Machines that have a directory, and that nobody asks for anything else. */
    private static Machinery machinery(RuntimeDirectory directory) {
        return (Machinery) Proxy.newProxyInstance(
                Machinery.class.getClassLoader(), new Class<?>[] {Machinery.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("directory");
                    return CompletableFuture.completedStage(directory);
                });
    }

    @Test
    void whoAsksDoesNothingHimself() throws Exception {
        Path base = Files.createTempDirectory(Path.of("/tmp"), "vml");
        ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "lazy");
        try (RuntimeDirectory directory = RuntimeDirectory.open(base.toString());
                LazyControl control = new LazyControl(
                        machinery(directory),
                        (ControlledRuntime) Proxy.newProxyInstance(
                                ControlledRuntime.class.getClassLoader(),
                                new Class<?>[] {ControlledRuntime.class},
                                (proxy, method, arguments) -> system),
                        tasks::add)) {
            AtomicReference<String> done = new AtomicReference<>("nothing");
            CompletionStage<Done> work = control.work(CompletableFuture.completedStage(system), server -> {
                done.set("all");
                return Done.getInstance();
            });
            assertThat(done).hasValue("nothing");
            assertThat(work.toCompletableFuture()).isNotDone();
            assertThat(tasks).hasSize(1);
            tasks.remove().run();
            assertThat(done).hasValue("all");
            assertThat(work.toCompletableFuture()).isCompleted();
        } finally {
            system.terminate();
        }
        try (var left = Files.walk(base)) {
            left.sorted(java.util.Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        }
    }
}
