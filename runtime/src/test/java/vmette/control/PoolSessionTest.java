package vmette.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.control.ControlFixture.async;
import static vmette.control.ControlFixture.get;
import static vmette.control.ControlFixture.next;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.control.ControlledCommand.Exit;
import vmette.control.ExecCall.Streams;
import vmette.errors.VmetteIoException;

/** Commands in VMs of pools over the control socket, both ends; pool and guest are played. */
class PoolSessionTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private ControlFixture fixture;
    private FakePool pool;

    private static final class FakePool implements ControlledPool {
        private final FakeVm vm;

        FakePool(FakeVm vm) {
            this.vm = vm;
        }

        @Override
        public String name() {
            return "agents";
        }

        @Override
        public Facts status() {
            return Facts.of("name", "agents", "ready", 2, "failure", Optional.of("no room"));
        }

        @Override
        public ControlledCommand run(ExecSpec spec) {
            return vm.exec(spec);
        }
    }

    @BeforeEach
    void start() {
        fixture = new ControlFixture();
        pool = new FakePool(fixture.vm);
        fixture.server.publish(pool);
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private CompletableFuture<Exit> run(String name, ExecSpec spec, String stdin) {
        return async(() -> {
            try (ExecCall call = ExecCall.inPool(fixture.runtimes().ofPool(name), name, spec)) {
                return call.run(
                        new Streams(new ByteArrayInputStream(stdin.getBytes(UTF_8)), out, new ByteArrayOutputStream()),
                        () -> {});
            }
        });
    }

    @Test
    void aCommandIsTheClients() {
        fixture.vm.stdout = Source.single(ByteString.fromString("out"));
        CompletableFuture<Exit> done = run("agents", ExecSpec.of("cat", "-n").withEnv("A", "b"), "some");
        FakeVm.Command command = next(fixture.vm.commands);
        assertThat(command.spec.arguments()).containsExactly("cat", "-n");
        assertThat(command.spec.env()).containsEntry("A", "b");
        command.started.complete(42);
        assertThat(next(command.input).utf8String()).isEqualTo("some");
        command.exit.complete(new Exit(false, 7, false));
        assertThat(get(done)).isEqualTo(new Exit(false, 7, false));
        assertThat(out.toString(UTF_8)).isEqualTo("out");
        get(command.terminated);
    }

    @Test
    void aClientThatLeavesEndsIt() throws IOException {
        ControlConnection client = fixture.connect("run", "agents");
        for (List<String> part : CommandWords.of(ExecSpec.of("true"))) {
            client.write(new ControlFrame.Answer(part));
        }
        FakeVm.Command command = next(fixture.vm.commands);
        client.close();
        get(command.terminated);
    }

    @Test
    void theyDoNotKeepCommandsInNamedVmsOut() throws IOException {
        for (int i = 0; i < Kind.LOAN.limit; i++) {
            ControlConnection client = fixture.connect("run", "agents");
            for (List<String> part : CommandWords.of(ExecSpec.of("true"))) {
                client.write(new ControlFrame.Answer(part));
            }
            next(fixture.vm.commands);
        }
        assertThatThrownBy(() -> get(run("agents", ExecSpec.of("true"), "")))
                .hasMessageContaining("64 runs in VMs of pools are under way");
        fixture.exec(ExecSpec.of("true"));
        next(fixture.vm.commands);
    }

    @Test
    void poolsAreListedAndFoundByName() {
        try (ControlCall call = fixture.call("pools", "")) {
            assertThat(call.all()).containsExactly(Facts.of("name", "agents", "ready", 2, "failure", "no room"));
        }
        assertThatThrownBy(() -> fixture.runtimes().ofPool("agent"))
                .isInstanceOf(VmetteIoException.class)
                .hasMessage("no pool named agent is open: the nearest one is agents");
        assertThatThrownBy(() -> fixture.runtimes().ofPool("quite-another"))
                .hasMessage("no pool named quite-another is open: there is agents");
        assertThatThrownBy(() -> fixture.server.publish(pool)).hasMessageContaining("a pool named agents is");
        Runtimes.Peer runtime = fixture.runtimes().ofPool("agents");
        fixture.server.withdraw(pool);
        assertThatThrownBy(() -> fixture.runtimes().ofPool("agents"))
                .hasMessage("no pool named agents is open: describe it in vmette.pools of a file,"
                        + " and open it with vmette up FILE");
        CompletableFuture<Exit> late = async(() -> {
            try (ExecCall call = ExecCall.inPool(runtime, "agents", ExecSpec.of("true"))) {
                return call.run(
                        new Streams(new ByteArrayInputStream(new byte[0]), out, new ByteArrayOutputStream()), () -> {});
            }
        });
        assertThatThrownBy(() -> get(late)).hasMessageContaining("no pool named agents is open");
        fixture.server.publish(pool);
    }
}
