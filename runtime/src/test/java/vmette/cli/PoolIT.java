package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import vmette.cli.Launched.Result;

/** Pools from the command line: real processes, real VMs. */
class PoolIT {
    private static final String POOLS = """
            vmette {
              snapshot.dir = "{dir}/snapshots"
              pools.agents {
                min = 2, max = 3, patience = 230s
                vm { memory = 160MiB, snapshot.warm-up = "cat /proc/sys/kernel/random/uuid > /tmp/warm" }
              }
            }
            """;

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private Path file;

    @BeforeEach
    void start() throws IOException {
        file = Files.writeString(sandbox.directory().resolve("pools.conf"), sandbox.resolved(POOLS));
    }

    private Result vmette(String... arguments) {
        return Launched.run(sandbox, arguments);
    }

    private Launched up() {
        Launched up = Launched.start(sandbox, "up", file.toString());
        until(up, () -> up.errors().contains(" is up after "));
        return up;
    }

    private static void until(Launched up, BooleanSupplier condition) {
        assertThat(Sandbox.waitFor(() -> !up.isAlive() || condition.getAsBoolean()))
                .as(up.errors())
                .isTrue();
        assertThat(up.isAlive()).as(up.errors()).isTrue();
    }

    private JsonNode pool() {
        try {
            return new ObjectMapper()
                    .readTree(vmette("ps", "--json").stdout())
                    .path("pools")
                    .path(0);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitPool(Launched up, String what, int count) {
        ToIntFunction<JsonNode> told = pool -> pool.path(what).asInt(-1);
        until(up, () -> told.applyAsInt(pool()) == count);
    }

    @Test
    void commandsRunInVmsThatAreReady() throws IOException {
        Launched up = up();
        assertThat(up.output()).contains("+ pool agents  is opened: 2 ready, 3 at most, each of 160 MiB\n");
        assertThat(up.errors()).contains("the fleet pools is up after ").contains(": 1 pool;");

        eachIsWarmAndAnother();
        streamsAreTheCommands();
        aTerminalIsTheCommands();
        awaitPool(up, "ready", 2);
        assertThat(vmette("ps").stdout()).containsPattern("(?m)^POOL +READY +LENT .*\\nagents +2 +0 +0 ");
        clientsThatAreKilledLoseTheirVms(up);
        mistakesAreTold();

        Launched last = Launched.start(sandbox, "run", "--pool", "agents", "--exec", "echo begun; sleep 1000");
        last.awaitOutput("begun\n");
        Result down = vmette("down", file.toString());
        assertThat(down.code()).as(down.stderr()).isZero();
        assertThat(up.result().code()).isZero();
        assertThat(last.result().code()).isEqualTo(1);
        try (var left = Files.list(sandbox.directory().resolve("snapshots"))) {
            assertThat(left).singleElement().asString().contains("golden-");
        }
    }

    private void eachIsWarmAndAnother() {
        Result one = vmette("run", "--pool", "agents", "--exec", "cat /tmp/warm /run/vmette/instance-id");
        Result other = vmette("run", "--pool", "agents", "--", "cat", "/tmp/warm", "/run/vmette/instance-id");
        assertThat(one.code()).as(one.stderr()).isZero();
        List<String> first = one.stdout().lines().toList();
        List<String> second = other.stdout().lines().toList();
        assertThat(first).hasSize(2);
        assertThat(second.get(0)).as("of the one that was warmed up").isEqualTo(first.get(0));
        assertThat(second.get(1)).as("another instance").isNotEqualTo(first.get(1));
    }

    private void streamsAreTheCommands() {
        byte[] input = "hello\n".getBytes(StandardCharsets.UTF_8);
        Result piped = Launched.start(
                        sandbox,
                        Map.of(),
                        input,
                        "run",
                        "--pool",
                        "agents",
                        "--json",
                        "--exec",
                        "tr a-z A-Z; echo err >&2; exit 3")
                .result();
        assertThat(piped.code()).isEqualTo(3);
        assertThat(piped.stdout()).isEqualTo("HELLO\n");
        assertThat(piped.stderr()).startsWith("err\n").contains("\"event\":\"exited\"", "\"exitCode\":3");
    }

    private void aTerminalIsTheCommands() {
        try (Screen screen = new Screen(sandbox, 80, 24)) {
            screen.launch("run --pool agents --quiet");
            screen.await("/ # ");
            screen.type("stty size; cat /tmp/warm");
            screen.awaitLine("24 80");
            screen.type("sh -c 'echo begun$((1 + 2)); exec sleep 1000'");
            screen.awaitLine("begun3");
            screen.press("C-c");
            screen.type("echo ended=$?; exit 5");
            screen.awaitLine("ended=130");
            screen.awaitLine("code=5");
        }
    }

    private void clientsThatAreKilledLoseTheirVms(Launched up) {
        Launched killed =
                Launched.start(sandbox, "run", "--pool", "agents", "--exec", "cat /run/vmette/instance-id; sleep 1000");
        killed.awaitOutput("\n");
        awaitPool(up, "lent", 1);
        long acquired = pool().path("acquired").asLong();
        killed.signal("KILL", true);
        assertThat(killed.result().code()).isEqualTo(137);
        awaitPool(up, "lent", 0);
        awaitPool(up, "ready", 2);
        assertThat(pool().path("acquired").asLong()).isEqualTo(acquired);
        Result next = vmette("run", "--pool", "agents", "--", "cat", "/run/vmette/instance-id");
        assertThat(next.stdout()).isNotEqualTo(killed.output()).hasSize(33);
    }

    private void mistakesAreTold() {
        Result none = vmette("run", "--pool", "agent", "--", "true");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.stderr()).isEqualTo("vmette: no pool named agent is open: the nearest one is agents\n");
        Result missing = vmette("run", "--pool", "agents", "--", "no-such-program");
        assertThat(missing.code()).isEqualTo(127);
        assertThat(missing.stderr()).contains("no-such-program");
        Result twice = vmette("up", "--fleet", "other", file.toString());
        assertThat(twice.code()).isEqualTo(1);
        assertThat(twice.stderr()).contains("a pool named agents is open already");
    }

    @Test
    void aProcessThatIsKilledLeavesNothing() {
        Launched up = up();
        Launched run = Launched.start(sandbox, "run", "--pool", "agents", "--exec", "echo begun; sleep 1000");
        run.awaitOutput("begun\n");
        awaitPool(up, "ready", 2);
        up.signal("KILL", true);
        assertThat(up.result().code()).isEqualTo(137);
        assertThat(run.result().code()).isEqualTo(1);
        assertThat(run.result().stderr()).contains("the run of the VM of the pool agents ended before the command did");
        assertThat(vmette("run", "--pool", "agents", "--", "true").stderr())
                .contains("no pool named agents is open: describe it in vmette.pools");
    }

    @Test
    void aSignalClosesThem() {
        Launched up = up();
        Result run = vmette("run", "--pool", "agents", "--", "true");
        assertThat(run.code()).as(run.stderr()).isZero();
        up.signal("INT", true);
        assertThat(up.result().code()).isEqualTo(130);
    }
}
