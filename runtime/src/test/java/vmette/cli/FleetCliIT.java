package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import vmette.cli.Launched.Result;

/** Fleets from the command line: real processes, real VMs. */
class FleetCliIT {
    private static final String SHOP = """
            vmette {
              vm.memory = %s
              templates.base.recovery.mode = transient
              fleet {
                db { template = base, run = "i=0; while :; do echo tick $i; i=$((i+1)); sleep 1; done" }
                web { template = base, count = %d }
              }
              groups.app { strategy = rest-for-one, children = [db, web] }
            }
            """;

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private Path file;

    @BeforeEach
    void start() throws IOException {
        file = sandbox.directory().resolve("shop.conf");
        describe("96MiB", 1);
    }

    private void describe(String memory, int count) throws IOException {
        Files.writeString(file, SHOP.formatted(memory, count));
    }

    private Result vmette(String... arguments) {
        return Launched.run(sandbox, arguments);
    }

    private Result vmette(byte[] stdin, String... arguments) {
        return Launched.start(sandbox, Map.of(), stdin, arguments).result();
    }

    private Launched up(Path fleet) {
        Launched up = Launched.start(sandbox, "up", fleet.toString());
        assertThat(Sandbox.waitFor(() -> !up.isAlive() || up.errors().contains(" is up after ")))
                .isTrue();
        assertThat(up.errors()).contains(" is up after ");
        return up;
    }

    private static String field(String json, String vm, String name) {
        Matcher found = Pattern.compile("\"name\" : \"" + vm + "\"[^}]*\"" + name + "\" : \"?([^\",\n]*)")
                .matcher(json);
        assertThat(found.find()).as("%s of %s in %s", name, vm, json).isTrue();
        return found.group(1);
    }

    @Test
    void aFleetIsStartedLookedAtChangedAndTakenDown() throws Exception {
        Launched up = up(file);
        assertThat(up.output())
                .contains("+ db  is started: 96 MiB, group app\n")
                .contains("+ web-1  is started: 96 MiB, group app\n");
        assertThat(up.errors()).contains("db is ready after").contains("the fleet shop is up after");

        Result ps = vmette("ps");
        assertThat(ps.code()).isZero();
        assertThat(ps.stdout()).containsPattern("(?m)^db +ready +1 +.* s +0 +96 MiB +app +shop$");

        commandsRun();
        theServiceWrites();

        Result restarted = vmette("restart", "web-1");
        assertThat(restarted.code()).as(restarted.stderr()).isZero();
        assertThat(restarted.stderr()).contains("web-1 is ready again after ");
        assertThat(field(vmette("ps", "--json").stdout(), "web-1", "incarnation"))
                .isEqualTo("2");

        Result events = vmette("events", "web-1", "--json");
        assertThat(events.stdout().lines())
                .anyMatch(line -> line.contains("\"event\":\"ready\"") && line.contains("\"incarnation\":1"))
                .anyMatch(line -> line.contains("\"event\":\"ready\"") && line.contains("\"incarnation\":2"))
                .allMatch(line -> line.contains("\"vm\":\"web-1\""));

        copiesFindItToo();
        theFileIsChanged();
        whatIsStoppedStaysOffUntilItIsWanted();

        Result down = vmette("down", file.toString());
        assertThat(down.code()).as(down.stderr()).isZero();
        assertThat(down.stderr()).contains("the fleet shop is down");
        Result ended = up.result();
        assertThat(ended.code()).as(ended.stderr()).isZero();
        assertThat(ended.stderr()).endsWith("the fleet shop is down\n");
        assertThat(vmette("down").stderr()).contains("no fleet is up");
    }

    private void commandsRun() throws Exception {
        Result apart = vmette("exec", "web-1", "--", "sh", "-c", "echo out; echo err >&2; exit 3");
        assertThat(apart).isEqualTo(new Result(3, "out\n", "err\n"));
        Result piped = vmette("hello\n".getBytes(StandardCharsets.UTF_8), "exec", "web-1", "--", "tr", "a-z", "A-Z");
        assertThat(piped.stdout()).isEqualTo("HELLO\n");
        Result told = vmette(
                "exec",
                "web-1",
                "-e",
                "A=b c",
                "--workdir",
                "/tmp",
                "--user",
                "65534",
                "--exec",
                "echo $A; pwd; id -u");
        assertThat(told.stdout()).isEqualTo("b c\n/tmp\n65534\n");
        assertThat(vmette("exec", "web-1", "--", "nothing-of-that-name").code()).isEqualTo(127);
        assertThat(vmette("exec", "web-1", "a; b").stderr())
                .contains("cannot run a; b")
                .contains("goes after --exec");

        Result wrong = vmette("exec", "wep-1", "--", "true");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.stderr()).isEqualTo("vmette: no VM named wep-1 is running: the nearest one is web-1\n");
        assertThat(vmette("exec", "web-1").code()).isEqualTo(2);
        assertThat(vmette("exec", "-t", "web-1").stderr()).contains("--tty needs a terminal");

        Launched trapped = Launched.start(
                sandbox, "exec", "web-1", "--exec", "trap 'exit 9' TERM; echo up; while :; do usleep 50000; done");
        trapped.awaitOutput("up\n");
        trapped.signal("TERM", false);
        assertThat(trapped.result().code()).isEqualTo(9);
        Launched interrupted = Launched.start(sandbox, "exec", "web-1", "--exec", "echo up; exec sleep 1000");
        interrupted.awaitOutput("up\n");
        interrupted.signal("INT", true);
        assertThat(interrupted.result().code()).isEqualTo(130);

        Launched killed = Launched.start(sandbox, "exec", "web-1", "--exec", "echo up; exec sleep 4711");
        killed.awaitOutput("up\n");
        killed.signal("KILL", false);
        assertThat(killed.result().code()).isEqualTo(137);
        assertThat(vmette("exec", "web-1", "--exec", "while pgrep -f '[s]leep 4711'; do usleep 50000; done")
                        .code())
                .as("a client that is killed takes its command along")
                .isZero();
    }

    private void theServiceWrites() {
        Launched follower = Launched.start(sandbox, "logs", "db", "-f");
        follower.awaitOutput("tick 0\n");
        follower.awaitOutput("tick 3\n");
        follower.signal("INT", true);
        assertThat(follower.result().code()).isEqualTo(130);
        Result last = vmette("logs", "db", "-n", "1");
        assertThat(last.stdout()).containsPattern("^tick [0-9]+\n$");
    }

    private void copiesFindItToo() throws IOException {
        Path copied = Files.writeString(sandbox.directory().resolve("copied"), "content");
        assertThat(vmette("cp", copied.toString(), "web-1:/tmp/copied").code()).isZero();
        assertThat(vmette("exec", "web-1", "--", "cat", "/tmp/copied").stdout()).isEqualTo("content");
    }

    private void theFileIsChanged() throws IOException {
        Result same = vmette("up", file.toString());
        assertThat(same.code()).as(same.stderr()).isZero();
        assertThat(same.stderr()).contains("there is nothing to do");

        describe("100MiB", 2);
        Result dry = vmette("up", file.toString(), "--dry-run");
        assertThat(dry.stdout())
                .contains("~ db  is replaced\n    memory: 96MiB -> 100MiB\n")
                .contains("+ web-2  is started: 100 MiB, group app\n");
        assertThat(field(vmette("ps", "--json").stdout(), "db", "memoryMib")).isEqualTo("96");

        Result changed = vmette("up", file.toString(), "--yes");
        assertThat(changed.code()).as(changed.stderr()).isZero();
        assertThat(changed.stderr())
                .contains("web-1 has ended")
                .contains("web-2 is ready after")
                .endsWith("the fleet shop is as " + file + " says\n");
        String json = vmette("ps", "--json").stdout();
        assertThat(field(json, "db", "memoryMib")).isEqualTo("100");
        assertThat(field(json, "web-2", "state")).isEqualTo("ready");

        Files.writeString(file, "vmette { fleet { db { memmory = 1 }, web { count = many } } }");
        Result wrong = vmette("up", file.toString(), "--yes");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.stderr())
                .contains("has 2 mistakes")
                .contains(file + ":1: ")
                .contains("the nearest one is memory");
    }

    private void whatIsStoppedStaysOffUntilItIsWanted() throws IOException {
        assertThat(vmette("stop", "web-2").stderr()).contains("web-2 is off: stopped");
        assertThat(vmette("ps").stdout()).doesNotContain("web-2");
        assertThat(field(vmette("ps", "--all", "--json").stdout(), "web-2", "state"))
                .isEqualTo("ended");
        Result again = vmette("restart", "web-2");
        assertThat(again.code()).as(again.stderr()).isZero();
        assertThat(vmette("stop", "web-2").code()).isZero();
        describe("100MiB", 2);
        Result up = vmette("up", file.toString(), "--yes");
        assertThat(up.code()).as(up.stderr()).isZero();
        assertThat(up.stdout())
                .contains("+ web-2  is started again (stopped)\n")
                .contains("2 VMs go on as before");
        assertThat(vmette("exec", "web-2", "--", "true").code()).isZero();
    }

    @Test
    void afterASuddenDeathTheFleetComesUpAgainAndASignalEndsItInOrder() throws Exception {
        Launched first = up(file);
        List<ProcessHandle> emulators = sandbox.emulators();
        assertThat(emulators).hasSize(2);
        sandbox.runtimes().forEach(ProcessHandle::destroyForcibly);
        assertThat(first.result().code()).isEqualTo(137);

        Launched second = up(file);
        assertThat(Sandbox.waitFor(() -> emulators.stream().noneMatch(ProcessHandle::isAlive)))
                .isTrue();
        try (Stream<Path> runtimes = Files.list(sandbox.directory().resolve("run"))) {
            Path shared = runtimes.findFirst().orElseThrow();
            try (Stream<Path> directories = Files.list(shared).filter(Files::isDirectory)) {
                assertThat(directories).hasSize(1);
            }
        }
        assertThat(sandbox.emulators()).hasSize(2);
        assertThat(vmette("exec", "web-1", "--", "true").code()).isZero();

        second.signal("INT", true);
        Result ended = second.result();
        assertThat(ended.code()).isEqualTo(130);
        assertThat(ended.stderr()).contains("in the reverse order of its start");
        assertThat(ended.stderr().indexOf("web-1 has ended"))
                .isLessThan(ended.stderr().indexOf("db has ended"));
    }

    @Test
    void runtimesDoNotDisturbEachOther() throws Exception {
        Path one =
                Files.writeString(sandbox.directory().resolve("one.conf"), "vmette { vm.memory = 96MiB, fleet.a {} }");
        Path two = Files.writeString(
                sandbox.directory().resolve("two.conf"), "vmette { vm.memory = 96MiB, fleet { a {}, b {} } }");
        Launched first = up(one);
        Result taken = vmette("up", two.toString());
        assertThat(taken.code()).isEqualTo(1);
        assertThat(taken.stderr()).contains("VMs named a are running already");
        Files.writeString(two, "vmette { vm.memory = 96MiB, fleet.b {} }");
        Launched second = up(two);
        assertThat(vmette("ps").stdout()).containsPattern("(?m)^a +ready.*one$").containsPattern("(?m)^b +ready.*two$");
        Result unclear = vmette("down");
        assertThat(unclear.code()).isEqualTo(2);
        assertThat(unclear.stderr()).contains("2 fleets are up: say which one with FILE or --fleet: one, two");

        long pid = sandbox.runtimes().stream()
                .filter(process -> process.info().arguments().stream()
                        .flatMap(Stream::of)
                        .anyMatch(argument -> argument.endsWith("one.conf")))
                .findFirst()
                .orElseThrow()
                .pid();
        kill("STOP", pid);
        try {
            Result ps = vmette("ps");
            assertThat(ps.code()).isEqualTo(1);
            assertThat(ps.stdout()).containsPattern("(?m)^b +ready").doesNotContainPattern("(?m)^a ");
            assertThat(ps.stderr()).contains("the runtime of process " + pid + " does not answer");
        } finally {
            kill("CONT", pid);
        }
        assertThat(vmette("down", "--fleet", "one").code()).isZero();
        assertThat(first.result().code()).isZero();
        assertThat(vmette("exec", "b", "--", "true").code()).isZero();
        second.signal("TERM", false);
        second.signal("TERM", false);
        assertThat(second.result().code()).isEqualTo(143);
    }

    @Test
    void aTerminalIsGivenToACommandAndAskedBeforeAChange() throws Exception {
        Path small = sandbox.directory().resolve("small.conf");
        Files.writeString(small, "vmette { vm.memory = 96MiB, fleet.a {} }");
        Launched up = up(small);
        Screen screen = new Screen(sandbox, 80, 24);
        try {
            String before = screen.settings();
            screen.launch("exec -t a");
            screen.await("/ # ");
            assertThat(screen.settings()).contains("-icanon").contains("-echo ");
            screen.type("stty size; echo \"$TERM:$0\"");
            screen.awaitLine("24 80");
            screen.awaitLine("tmux-256color:/bin/sh");
            screen.type("sh -c 'trap \"stty size\" WINCH; echo armed$((1 + 1)); while :; do sleep 1; done'");
            screen.awaitLine("armed2");
            screen.resize(100, 30);
            screen.awaitLine("30 100");
            screen.press("C-c");
            screen.type("exit 7");
            screen.awaitLine("code=7");
            screen.resize(80, 24);
            assertThat(Sandbox.waitFor(() -> screen.settings().equals(before))).isTrue();

            Files.writeString(small, "vmette { vm.memory = 96MiB, fleet { a {}, b {} } }");
            screen.launch("up " + small);
            screen.await("change the fleet small (1 to start)? [y/N]");
            screen.type("n");
            screen.awaitLine("code=130");
            assertThat(vmette("ps").stdout()).doesNotContainPattern("(?m)^b ");
            screen.launch("up " + small);
            screen.awaitLine("+ b  is started: 96 MiB");
            screen.type("y");
            screen.awaitLine("code=0");
            assertThat(vmette("ps").stdout()).containsPattern("(?m)^b +ready");
        } finally {
            screen.close();
        }
        up.signal("INT", true);
        assertThat(up.result().code()).isEqualTo(130);
    }

    private static void kill(String signal, long pid) throws Exception {
        Process kill = new ProcessBuilder("/bin/kill", "-s", signal, Long.toString(pid)).start();
        assertThat(kill.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
}
