package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.actor.ClassicActorSystemProvider;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.control.ControlServer;
import vmette.control.ControlledCommand;
import vmette.control.ControlledRuntime;
import vmette.control.ControlledVm;
import vmette.control.EventTail;
import vmette.control.Facts;
import vmette.errors.ProgramNotRunException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.files.FakeBuiltIns;
import vmette.files.GuestFiles;
import vmette.process.RuntimeDirectory;
import vmette.stream.SystemStreams;

/** The commands of fleets against a real control socket; the runtime behind it is played. */
class FleetCommandsTest {
    private final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "commands");
    private final EventTail events = new EventTail();

    @TempDir
    private Path temporary;

    private Path base;
    private RuntimeDirectory directory;
    private ControlServer server;

    private record Said(int code, String out, String err) {}

    @BeforeEach
    void start() throws IOException {
        // Short, as a socket's path has to be.
        base = Files.createTempDirectory(Path.of("/tmp"), "vmf");
        directory = RuntimeDirectory.open(base.toString());
        server = ControlServer.open(directory, new ControlledRuntime() {
            @Override
            public ClassicActorSystemProvider system() {
                return system;
            }

            @Override
            public List<Facts> vms() {
                return List.of();
            }

            @Override
            public EventTail events() {
                return events;
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        directory.close();
        system.terminate();
        Files.delete(base.resolve(base.relativize(directory.path()).getName(0)));
        Files.delete(base);
    }

    private Said vmette(String... arguments) throws IOException {
        Path config = Files.writeString(temporary.resolve("v.conf"), "vmette { runtime-dir = \"" + base + "\" }");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(Map.of("VMETTE_CONFIG", config.toString()), arguments)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Said(code, out.toString(), err.toString());
    }

    /** As one is between its end and whoever asks for it by name. */
    private void claimWithoutVm(String name) throws IOException {
        Files.writeString(directory.path().resolve("names").resolve(name), "claimed");
    }

    @Test
    void aVmThatHasEndedByItselfKeepsNoOtherFromBeingStopped() throws IOException {
        Vm last = new Vm();
        server.publish("c", last);
        claimWithoutVm("gone");
        Said said = vmette("stop", "--json", "gone", "c");
        assertThat(said)
                .isEqualTo(new Said(
                        0,
                        String.format("{\"vm\":\"gone\",\"how\":\"gone\"}%n{\"vm\":\"c\",\"how\":\"stopped\"}%n"),
                        ""));
        assertThat(last.stops).isEqualTo(1);
        Files.delete(directory.path().resolve("names/gone"));
    }

    @Test
    void aStopThatFailsIsToldAfterTheOthers() throws IOException {
        Vm first = new Vm();
        first.failure = new VmetteIoException("it cannot be stopped");
        Vm second = new Vm();
        server.publish("a", first);
        server.publish("b", second);
        Said said = vmette("stop", "--json", "a", "b");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.out()).contains("\"vm\":\"b\"").doesNotContain("\"vm\":\"a\"");
        assertThat(said.err()).contains("it cannot be stopped");
        assertThat(second.stops).isEqualTo(1);
    }

    @Test
    void aRuntimeThatHangsHoldsUpNoReaderOfEvents() throws IOException {
        events.add(Facts.of("event", "began", "at", "2026-01-31T12:00:01Z", "vm", "a"));
        events.add(Facts.of("event", "ready", "at", "2026-01-31T12:00:02Z", "vm", "a"));
        RuntimeDirectory other = RuntimeDirectory.open(base.toString());
        Path socket = other.path().resolve("ctl.sock");
        try (ServerSocketChannel deaf = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            deaf.bind(UnixDomainSocketAddress.of(socket));
            Said said = vmette("events", "-n", "1", "--json");
            assertThat(said.code()).isEqualTo(1);
            assertThat(said.out().lines())
                    .containsExactly("{\"event\":\"ready\",\"at\":\"2026-01-31T12:00:02Z\",\"vm\":\"a\"}");
        } finally {
            Files.delete(socket);
            other.close();
        }
        assertThat(vmette("events", "-n", "-1").code()).isEqualTo(2);
        assertThat(vmette("events").out().lines()).hasSize(2);
    }

    @Test
    void aProgramThatIsNotThereIs127AndOneThatIsNone126() throws IOException {
        Vm vm = new Vm();
        server.publish("web", vm);
        vm.failure = new ProgramNotRunException("the command [a; b] could not be run in VM web", true);
        Said missing = vmette("exec", "web", "a; b");
        assertThat(missing.code()).isEqualTo(127);
        assertThat(missing.err())
                .startsWith(
                        "vmette: the command [a; b] could not be run in VM web; it was taken for the name of a program")
                .contains("--exec");
        vm.failure = new ProgramNotRunException("the command [/etc/passwd] could not be run in VM web", false);
        Said none = vmette("exec", "--json", "web", "--", "/etc/passwd");
        assertThat(none.code()).isEqualTo(126);
        assertThat(none.err()).contains("\"status\":\"START_FAILED\"", "\"exitCode\":126");
    }

    /** One that fails as it is told to, else stops at once. */
    private final class Vm implements ControlledVm {
        private VmetteException failure;
        private int stops;

        @Override
        public boolean isOver() {
            return stops > 0;
        }

        @Override
        public GuestFiles files() {
            return new GuestFiles(
                    "played",
                    new FakeBuiltIns(Source.empty(), ""),
                    new SystemStreams(CompletableFuture.completedStage(system)));
        }

        @Override
        public ControlledCommand exec(ExecSpec spec) {
            return new NotRun(failure);
        }

        @Override
        public Source<ByteString, ?> log(int lines, boolean follow) {
            return Source.empty();
        }

        @Override
        public CompletionStage<Facts> stop() {
            stops++;
            return failure == null
                    ? CompletableFuture.completedStage(Facts.of("how", "stopped"))
                    : CompletableFuture.failedStage(failure);
        }

        @Override
        public CompletionStage<Facts> restart() {
            return CompletableFuture.failedStage(failure);
        }
    }

    private record NotRun(VmetteException why) implements ControlledCommand {
        @Override
        public CompletionStage<Integer> started() {
            return CompletableFuture.failedStage(why);
        }

        @Override
        public Sink<ByteString, CompletionStage<Done>> stdin() {
            return Sink.ignore();
        }

        @Override
        public Source<ByteString, ?> stdout() {
            return Source.empty();
        }

        @Override
        public Source<ByteString, ?> stderr() {
            return Source.empty();
        }

        @Override
        public CompletionStage<Exit> exit() {
            return CompletableFuture.failedStage(why);
        }

        @Override
        public void signal(GuestSignal signal, boolean group) {}

        @Override
        public void resize(int rows, int columns) {}

        @Override
        public void terminate() {}
    }
}
