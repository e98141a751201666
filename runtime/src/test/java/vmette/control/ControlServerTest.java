package vmette.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.errors.GuestFileException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.files.BuiltIns;
import vmette.files.FakeBuiltIns;
import vmette.process.RuntimeDirectory;

/** The control socket, both ends; the guest is played. */
class ControlServerTest {
    private static final long SECONDS = 60;

    private Path base;
    private RuntimeDirectory directory;
    private ControlServer server;
    private ActorSystem<Void> system;
    private FakeBuiltIns builtIns;
    private ControlledVm vm;

    @BeforeEach
    void start() throws IOException {
        // Short, as a socket's path has to be.
        base = Files.createTempDirectory(Path.of("/tmp"), "vmc");
        directory = RuntimeDirectory.open(base.toString());
        system = ActorSystem.create(Behaviors.empty(), "control");
        server = ControlServer.open(directory, runtime());
        play(Source.single(ByteString.fromString("content")));
    }

    private void play(Source<ByteString, akka.NotUsed> output) {
        builtIns = new FakeBuiltIns(output, "");
        if (vm != null) {
            server.withdraw("web", vm);
        }
        vm = files(builtIns);
        server.publish("web", vm);
    }

    private ControlledVm files(BuiltIns played) {
        return new FakeVm("web", played, system);
    }

    private ControlledRuntime runtime() {
        return new FakeRuntime(system);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        directory.close();
        system.terminate();
        try (var left = Files.walk(base)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        Files.delete(base.resolve(base.relativize(directory.path()).getName(0)));
        Files.delete(base);
    }

    private ControlClient client() {
        return ControlClient.find(base.toString(), "web");
    }

    private FakeBuiltIns.Fake next() {
        try {
            return java.util.Objects.requireNonNull(builtIns.started.poll(SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static CompletableFuture<Void> async(Runnable task) {
        return CompletableFuture.runAsync(task, run -> new Thread(run).start());
    }

    @Test
    void aFileIsReadToItsEnd() {
        AtomicReference<String> read = new AtomicReference<>();
        CompletableFuture<Void> done =
                async(() -> client().read("/file", in -> read.set(new String(in.readAllBytes(), UTF_8))));
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("read", "/file", "0");
        assertThat(done).isNotDone();
        fake.exit(0);
        done.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        assertThat(read).hasValue("content");
    }

    @Test
    void aReadThatFailsInTheGuestFails() {
        CompletableFuture<Void> done = async(() -> client().read("/file", in -> in.readAllBytes()));
        next().exit(5);
        assertThatThrownBy(() -> done.orTimeout(SECONDS, TimeUnit.SECONDS).join())
                .hasCauseInstanceOf(GuestFileException.class)
                .hasMessageContaining("cannot read /file in VM web: input/output error (EIO)");
    }

    @Test
    void aFileIsWritten() {
        CompletableFuture<Void> done =
                async(() -> client().write("/file", 0640, out -> out.write("hello".getBytes(UTF_8))));
        FakeBuiltIns.Fake fake = next();
        assertThat(fake.spec.arguments()).containsExactly("write", "/file", "640", "replace");
        fake.inputEnd.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        assertThat(fake.input.stream().reduce(ByteString.emptyByteString(), ByteString::concat))
                .isEqualTo(ByteString.fromString("\5\0\0\0hello\0\0\0\0"));
        assertThat(done).isNotDone();
        fake.exit(0);
        done.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }

    @Test
    void aContentThatCannotBeHadIsNotTakenForComplete() {
        CompletableFuture<Void> done = async(() -> client().write("/file", 0644, out -> {
            out.write(1);
            throw new IOException("the disk broke");
        }));
        FakeBuiltIns.Fake fake = next();
        assertThatThrownBy(() -> done.orTimeout(SECONDS, TimeUnit.SECONDS).join())
                .hasCauseInstanceOf(VmetteIoException.class)
                .hasMessageContaining("the disk broke");
        assertThatThrownBy(
                () -> fake.inputEnd.orTimeout(SECONDS, TimeUnit.SECONDS).join());
        fake.exit(125);
    }

    private ControlConnection connect(String... request) throws IOException {
        ControlConnection connection = new ControlConnection(
                SocketChannel.open(UnixDomainSocketAddress.of(directory.path().resolve(ControlServer.SOCKET))));
        connection.open();
        connection.write(new ControlFrame.Request(List.of(request)));
        return connection;
    }

    @Test
    void aClientThatLeavesADownloadEndsItInTheGuest() throws IOException {
        // It has nothing to say, so that no write would notice.
        play(Source.maybe().map(never -> (ByteString) never).mapMaterializedValue(none -> akka.NotUsed.getInstance()));
        ControlConnection connection = connect("read", "web", "/dev/tty");
        FakeBuiltIns.Fake fake = next();
        connection.close();
        fake.ended.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        fake.outcome.complete(new BuiltIns.Outcome(false, 15));
    }

    @Test
    void aClientThatLeavesAnUploadFailsIt() throws IOException {
        ControlConnection connection = connect("write", "web", "/file", "644");
        connection.write(new ControlFrame.Data(new byte[] {1, 2, 3}));
        FakeBuiltIns.Fake fake = next();
        connection.close();
        assertThatThrownBy(
                () -> fake.inputEnd.orTimeout(SECONDS, TimeUnit.SECONDS).join());
        fake.ended.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        fake.exit(125);
    }

    private ControlFrame answer(String... request) throws IOException {
        try (ControlConnection connection = connect(request)) {
            return connection.read();
        }
    }

    @Test
    void whatIsNotUnderstoodIsRefused() throws IOException {
        assertThat(answer("stat", "other", "/"))
                .isEqualTo(new ControlFrame.Failed("ENOENT", "no VM named other is running"));
        assertThat(answer("frobnicate", "web", "/"))
                .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.reason())
                        .isEqualTo("ENOSYS"));
        assertThat(answer("stat")).isInstanceOf(ControlFrame.Failed.class);
        assertThat(answer("stat", "web", "relative"))
                .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.reason())
                        .isEqualTo("INVALID_CONFIG"));
        assertThat(answer("write", "web", "/file", "banana")).isInstanceOf(ControlFrame.Failed.class);
        try (ControlConnection other = new ControlConnection(
                SocketChannel.open(UnixDomainSocketAddress.of(directory.path().resolve(ControlServer.SOCKET))))) {
            // Shorter than the opening and a frame's header together: nobody reads further.
            other.write(new ControlFrame.Data(new byte[0]));
            assertThat(other.read())
                    .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.message())
                            .contains("another version"));
        }
        assertThat(builtIns.started).isEmpty();
    }

    @Test
    void aRunThatEndsIsTold() {
        CompletableFuture<Void> done = async(() -> client().read("/file", in -> in.readAllBytes()));
        next();
        server.close();
        assertThatThrownBy(() -> done.orTimeout(SECONDS, TimeUnit.SECONDS).join())
                .hasCauseInstanceOf(VmLostException.class);
    }

    @Test
    void aNameIsHadOnceAmongTheRuntimesOfAUser() {
        try (RuntimeDirectory second = RuntimeDirectory.open(base.toString());
                ControlServer other = ControlServer.open(second, runtime())) {
            assertThatThrownBy(() -> other.publish("web", files(builtIns)))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("a VM named web is running already");
            assertThatThrownBy(() -> server.publish("web", files(builtIns))).isInstanceOf(VmetteIoException.class);
            server.withdraw("web", vm);
            other.publish("web", files(builtIns));
            other.publish("more", files(builtIns));
        }
    }

    @Test
    void ofManyThatClaimANameAtOnceOneGetsIt() {
        List<CompletableFuture<Boolean>> claims = new java.util.ArrayList<>();
        List<RuntimeDirectory> runtimes = new java.util.ArrayList<>();
        for (int i = 0; i < 8; i++) {
            RuntimeDirectory runtime = RuntimeDirectory.open(base.toString());
            runtimes.add(runtime);
            claims.add(CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            ClaimedNames.ofVms(runtime).claim("wanted", "claimed");
                            return true;
                        } catch (VmetteIoException taken) {
                            return false;
                        }
                    },
                    run -> new Thread(run).start()));
        }
        assertThat(claims.stream().filter(claim -> claim.orTimeout(SECONDS, TimeUnit.SECONDS)
                        .join()))
                .hasSize(1);
        runtimes.forEach(RuntimeDirectory::close);
    }

    @Test
    void whatNobodyServesIsNotFound() throws IOException {
        VmetteIoException failure =
                catchThrowableOfType(VmetteIoException.class, () -> ControlClient.find(base.toString(), "nobody"));
        assertThat(failure).hasMessage("no VM named nobody is running: there is web");
        // As a runtime that was killed leaves it.
        server.close();
        Files.createDirectories(directory.path().resolve("names"));
        Files.writeString(directory.path().resolve("names/web"), "claimed");
        assertThatThrownBy(this::client).hasMessageContaining("no VM named web is running");
    }

    @Test
    void aRequestOfAnySizeIsAnswered() throws IOException {
        for (List<String> words : List.of(
                List.of("stat", "n".repeat(ControlCodec.MAX_BODY - 100), "/file"),
                List.of("x".repeat(ControlCodec.MAX_BODY - 100), "web", "/file"),
                List.of("write", "web", "/file", "7".repeat(ControlCodec.MAX_BODY - 100)))) {
            UnixDomainSocketAddress address =
                    UnixDomainSocketAddress.of(directory.path().resolve(ControlServer.SOCKET));
            try (ControlConnection connection = new ControlConnection(SocketChannel.open(address))) {
                connection.open();
                connection.write(new ControlFrame.Request(words));
                assertThat(connection.read())
                        .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.message())
                                .hasSizeLessThan(2000));
            }
        }
    }
}
