package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import vmette.config.ExecSpec;
import vmette.process.RuntimeDirectory;

/** A runtime with one VM, web, at a real control socket; what is behind it is played. */
final class ControlFixture implements AutoCloseable {
    static final long SECONDS = 60;

    final Path base;
    final RuntimeDirectory directory;
    final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "control");
    final FakeRuntime runtime = new FakeRuntime(system);
    final FakeVm vm = FakeVm.create(system);
    final ControlServer server;

    ControlFixture() {
        this(Bounds.usual());
    }

    ControlFixture(Bounds bounds) {
        try {
            // Short, as a socket's path has to be.
            base = Files.createTempDirectory(Path.of("/tmp"), "vmc");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        directory = RuntimeDirectory.open(base.toString());
        server = ControlServer.open(directory, runtime, bounds);
        server.publish("web", vm);
    }

    Runtimes runtimes() {
        return Runtimes.find(base.toString());
    }

    Runtimes.Peer peer() {
        return runtimes().ofVm("web");
    }

    ControlCall call(String operation, String subject, String... words) {
        return new ControlCall(peer(), operation, subject, words);
    }

    /** A client that says what it likes. */
    ControlConnection connect(String... request) throws IOException {
        ControlConnection connection =
                new ControlConnection(SocketChannel.open(new Runtimes.Peer(directory.path()).address()));
        connection.open();
        connection.write(new ControlFrame.Request(List.of(request)));
        return connection;
    }

    /** One that has said what its command is. */
    ControlConnection exec(ExecSpec command) throws IOException {
        ControlConnection connection = connect("exec", "web");
        for (List<String> part : CommandWords.of(command)) {
            connection.write(new ControlFrame.Answer(part));
        }
        return connection;
    }

    static <T> CompletableFuture<T> async(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, run -> {
            Thread thread = new Thread(run, "test-client");
            thread.setDaemon(true);
            thread.start();
        });
    }

    static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }

    static <T> T next(java.util.concurrent.BlockingQueue<T> queue) {
        try {
            T next = queue.poll(SECONDS, TimeUnit.SECONDS);
            assertThat(next).isNotNull();
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        directory.close();
        system.terminate();
        try (var left = Files.walk(base)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        Files.delete(base.resolve(base.relativize(directory.path()).getName(0)));
        Files.delete(base);
    }
}
