package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.ParameterException;
import vmette.actors.VmEvent;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentDiff;
import vmette.config.fleet.DeploymentFile;
import vmette.control.EventFacts;
import vmette.control.Facts;
import vmette.errors.InvalidConfigException;
import vmette.group.MemberStatus;
import vmette.group.MemberStatus.State;
import vmette.machine.GoldenLook;
import vmette.machine.SaveReport;

/** What the commands of fleets say, and what they take for the same fleet. */
class FleetLinesTest {
    private static final Instant NOW = Instant.parse("2026-01-31T12:00:00Z");

    private static Deployment fleet(String text) {
        return DeploymentFile.of(ConfigFactory.parseString("vmette { " + text + " }"), "test")
                .deployment();
    }

    @Test
    void aPlanHasALineForEachStep() {
        Deployment old = fleet(
                "vm.memory = 128MiB, fleet { a { env.X = 1 }, b {}, c {}, d {} }, groups { g { children = [a] }, h { children = [b] } }");
        Deployment now = fleet(
                "vm.memory = 128MiB, fleet { a { memory = 256MiB, env.X = 2 }, c { recovery.mode = transient }"
                        + ", d {}, e { rootfs = \"debian:12\" } }, groups.g.strategy = one-for-all, groups.g.children = [a]");
        List<Facts> steps = FleetSteps.of(DeploymentDiff.between(old, now), Map.of(), true);
        assertThat(FleetSteps.lines(steps))
                .contains(
                        "- b  is stopped",
                        "~ a  is replaced",
                        "    memory: 128MiB -> 256MiB",
                        "~ c  goes on, supervised otherwise",
                        "    recovery.mode: temporary -> transient",
                        "+ e  is started: 128 MiB, debian:12",
                        "~ group g  is otherwise",
                        "- group h",
                        "  1 VM goes on as before")
                .anyMatch(line -> line.contains("settings of the runtime are otherwise, or its pools"))
                .noneMatch(line -> line.contains("env.X: 1"));
        assertThat(FleetSteps.summary(steps)).contains("1 to start, 1 to stop, 1 to replace");
        assertThat(Json.line(FleetSteps.json("shop", steps)))
                .startsWith("{\"fleet\":\"shop\",\"stop\":[\"b\"],\"replace\":[{\"vm\":\"a\",\"changes\":[")
                .contains("{\"key\":\"memory\",\"from\":\"128MiB\",\"to\":\"256MiB\"}")
                .contains(
                        "\"start\":[\"e\"],\"startAgain\":[],\"groups\":[\"g\",\"h\"],\"pools\":[],\"unchanged\":1,\"settings\":true}");
        List<Facts> none = FleetSteps.of(DeploymentDiff.between(now, now), Map.of(), false);
        assertThat(FleetSteps.lines(none)).containsExactly("  4 VMs go on as before");
        assertThat(FleetSteps.summary(none)).isEmpty();
    }

    @Test
    void whatTheFileHasAndDoesNotRunIsStartedAgain() {
        Deployment fleet = fleet("fleet { a {}, b {}, c {}, d {}, e {} }, groups.g.children = [c, d]");
        Map<String, MemberOver> over = MemberOver.of(
                List.of(
                        member("a", State.FAILED, "VM a broke"),
                        member("b", State.ENDED, "VM b has ended: stopped"),
                        new MemberStatus(
                                "g",
                                true,
                                State.FAILED,
                                0,
                                0,
                                Optional.of("group g failed"),
                                List.of(member("c", State.WAITING, ""), member("d", State.ENDED, ""))),
                        member("e", State.READY, "")),
                name -> Optional.of("powered-off"));
        assertThat(over.get("c"))
                .isEqualTo(new MemberOver(true, "given up with the group g", Optional.of("group g failed")));
        assertThat(over.get("b").givenUp()).isFalse();
        DeploymentDiff none = DeploymentDiff.between(fleet, fleet);
        Map<String, String> again = UpFleet.again(none, over);
        List<Facts> steps = FleetSteps.of(none, again, false);
        assertThat(FleetSteps.lines(steps))
                .containsExactly(
                        "+ a  is started again (given up)",
                        "+ b  is started again (powered off)",
                        "+ c  is started again (given up with the group g)",
                        "+ d  is started again (given up with the group g)",
                        "  1 VM goes on as before");
        assertThat(FleetSteps.summary(steps)).contains("4 to start again");
        assertThat(Json.line(FleetSteps.json("shop", steps))).contains("\"startAgain\":[\"a\",\"b\",\"c\",\"d\"]");
        Deployment other = fleet("fleet { a { memory = 1GiB }, b { recovery.mode = transient } }");
        assertThat(UpFleet.again(DeploymentDiff.between(fleet, other), over)).containsOnlyKeys("b");
    }

    private static MemberStatus member(String name, State state, String reason) {
        Optional<String> known = Optional.of(reason).filter(text -> !text.isEmpty());
        return new MemberStatus(name, false, state, 1, 0, known, List.of());
    }

    @Test
    void vmsAreATableAndEndedOnesAreLeftOutUnlessAskedFor() {
        List<Facts> vms = List.of(
                Facts.of(
                        "name",
                        "web",
                        "state",
                        "ready",
                        "incarnation",
                        2,
                        "ready",
                        NOW.minusSeconds(65),
                        "recoveries",
                        1,
                        "memory-mib",
                        512,
                        "group",
                        "front",
                        "fleet",
                        "shop",
                        "failure",
                        "VmmExit(9)",
                        "ports",
                        "40123:80 8443:443"),
                Facts.of(
                        "name",
                        "sad",
                        "state",
                        "given-up",
                        "incarnation",
                        3,
                        "failure",
                        "ServiceEnded(3)",
                        "reason",
                        "given up: it was recovered 2 times"),
                Facts.of("name", "db", "state", "waiting"),
                Facts.of("name", "old", "state", "ended"),
                Facts.of("name", "evil\u001b[2J", "state", "ready", "ready", "no time", "incarnation", "x"));
        assertThat(new PsTable(vms, false, NOW).lines())
                .containsExactly(
                        "NAME         STATE     INC  UP     REC  MEMORY   PORTS              GROUP  FLEET  LAST FAILURE",
                        "db           waiting",
                        "evil\\x1b[2J  ready",
                        "sad          given-up  3                                                          "
                                + "ServiceEnded(3), given up: it was recovered 2 times",
                        "web          ready     2    1m 5s  1    512 MiB  40123:80 8443:443  front  shop   VmmExit(9)");
        assertThat(new PsTable(vms, true, NOW).json()).hasSize(5);
        assertThat(Json.line(new PsTable(vms, false, NOW).json().get(2)))
                .contains(
                        "\"state\":\"given-up\"", "\"reason\":\"given up: it was recovered 2 times\"", "\"ports\":[]");
        assertThat(Json.line(new PsTable(vms, false, NOW).json().get(3)))
                .contains("\"ports\":[{\"host\":40123,\"guest\":80},{\"host\":8443,\"guest\":443}]")
                .contains("\"name\":\"web\"", "\"incarnation\":2", "\"upSeconds\":65", "\"memoryMib\":512");
    }

    @Test
    void eventsAreLinesForPeopleAndForPrograms() {
        Facts ready = Facts.of("event", "ready", "at", NOW, "vm", "web", "incarnation", 2, "boot-ms", 2100);
        assertThat(EventLines.dated(ready)).isEqualTo("2026-01-31T12:00:00Z  web (incarnation 2) is ready after 2.1 s");
        assertThat(EventLines.json(ready))
                .isEqualTo(
                        "{\"event\":\"ready\",\"at\":\"2026-01-31T12:00:00Z\",\"vm\":\"web\",\"incarnation\":2,\"bootMs\":2100}");
        assertThat(EventLines.text(
                        Facts.of("event", "ready", "vm", "web", "incarnation", 1, "boot-ms", 300, "memory", "cow")))
                .isEqualTo("web is ready after 300 ms, its memory by cow");
        assertThat(EventLines.text(Facts.of("event", "missed", "count", 7))).isEqualTo("7 events were missed");
        assertThat(EventLines.text(Facts.of("event", "ended", "vm", "web", "how", "failed", "failure", "Hung")))
                .isEqualTo("web has ended: failed (Hung)");
        assertThat(EventLines.text(Facts.of("event", "stopping", "vm", "web"))).isEqualTo("web is being restarted");
        assertThat(EventLines.text(Facts.of("event", "stopping", "vm", "web", "how", "stopped")))
                .isEqualTo("web is being stopped");
        assertThat(EventLines.text(Facts.of("event", "stopping", "vm", "web", "how", "timed-out")))
                .isEqualTo("web is being stopped: its timeout has passed");
        assertThat(EventLines.text(Facts.of(
                        "event", "ended", "vm", "job", "how", "stopped", "because", "of its group app: VM a broke")))
                .isEqualTo("job has ended: stopped, because of its group app: VM a broke");
        VmEvent passive = new VmEvent.Passivated(
                "web", 1, NOW, new SaveReport("/p", Duration.ofMillis(70), 64 << 20), Duration.ofMillis(400));
        assertThat(EventLines.text(EventFacts.of(passive))).isEqualTo("web is passive: 64 MiB were saved, in 400 ms");
        assertThat(EventLines.json(EventFacts.of(passive)))
                .isEqualTo("{\"event\":\"passivated\",\"at\":\"2026-01-31T12:00:00Z\",\"vm\":\"web\","
                        + "\"incarnation\":1,\"tookMs\":400,\"memoryBytes\":67108864}");
        assertThat(EventLines.text(EventFacts.of(
                        new VmEvent.Woken("web", 2, NOW, "a command", Duration.ofSeconds(90), Duration.ofMillis(300)))))
                .isEqualTo("web (incarnation 2) is woken by a command after 1m 30s, in 300 ms");
        assertThat(EventLines.text(EventFacts.of(new VmEvent.NotPassivated("web", 1, NOW, "a share"))))
                .isEqualTo("web is not passivated: a share");
        VmEvent foreign = new VmEvent.ForeignGolden(
                NOW,
                new GoldenLook.Foreign("golden-1", "the version of qemu was 7.2.9 and is 10.0.2", Optional.empty()));
        assertThat(EventLines.text(EventFacts.of(foreign)))
                .isEqualTo(
                        "the golden snapshot golden-1 is not of use here: the version of qemu was 7.2.9 and is 10.0.2;"
                                + " it was removed, and a new one is taken");
        assertThat(EventLines.json(EventFacts.of(foreign)))
                .startsWith("{\"event\":\"foreign-golden\",\"at\":\"2026-01-31T12:00:00Z\","
                        + "\"snapshot\":\"golden-1\",\"text\":");
        assertThat(EventLines.text(Facts.of("event", "danced", "vm", "web"))).isEqualTo("web danced");
        assertThat(EventLines.text(Facts.of())).isEmpty();
    }

    @Test
    void theLastEventsOfAllRuntimes() {
        List<Facts> events = List.of(at("12:00:03"), at("12:00:01"), at("12:00:02"));
        assertThat(EventsCommand.last(events, null)).containsExactly(at("12:00:01"), at("12:00:02"), at("12:00:03"));
        assertThat(EventsCommand.last(events, 2)).containsExactly(at("12:00:02"), at("12:00:03"));
        assertThat(EventsCommand.last(events, 0)).isEmpty();
        assertThat(EventsCommand.last(events, 9)).hasSize(3);
    }

    private static Facts at(String time) {
        return Facts.of("event", "ready", "at", "2026-01-31T" + time + "Z");
    }

    @Test
    void whatLooksLikeACommandLineGetsAHint() {
        assertThat(ExecCommand.hint(List.of("a; b"))).contains("--exec").contains("-- sh -c");
        assertThat(ExecCommand.hint(List.of("no-such-thing"))).isEmpty();
        assertThat(ExecCommand.hint(List.of("echo", "a; b"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"PT-1S,0 ms", "PT0.35S,350 ms", "PT59.94S,59.9 s", "PT65S,1m 5s", "PT2H10M59S,2h 10m", "P12DT1H,12d 1h"
    })
    void spansHaveTwoUnits(Duration span, String text) {
        assertThat(Spans.text(span)).isEqualTo(text);
    }

    @Test
    void aLogOnATerminalMovesNoCursor() throws IOException {
        ByteArrayOutputStream shown = new ByteArrayOutputStream();
        try (LogPrinter printer = new LogPrinter(shown, true)) {
            printer.write("one\r\ntwo \u001b[2J ü\n".getBytes(StandardCharsets.UTF_8));
            printer.write("x".repeat(10_000).getBytes(StandardCharsets.UTF_8));
        }
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .isEqualTo("one\ntwo \\x1b[2J ü\n" + "x".repeat(10_000) + "\n");
        ByteArrayOutputStream piped = new ByteArrayOutputStream();
        byte[] odd = {0, 27, -1, '\r', '\n', 'x'};
        try (LogPrinter printer = new LogPrinter(piped, false)) {
            printer.write(odd);
        }
        assertThat(piped.toByteArray()).isEqualTo(odd);
    }

    @Test
    void aFleetIsCalledAsItsFile() {
        var command = Main.commandLine().getSubcommands().get("up").getCommandSpec();
        assertThat(FleetChoice.nameOf(Path.of("/x/shop.conf"), command)).isEqualTo("shop");
        assertThat(FleetChoice.nameOf(Path.of("/x/shop"), command)).isEqualTo("shop");
        assertThatThrownBy(() -> FleetChoice.nameOf(Path.of("/x/my shop.conf"), command))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("'my shop' cannot be the name of a fleet: --fleet takes");
    }

    @Test
    void whatIsSentIsWhatTheFileComesTo(@TempDir Path directory) throws IOException {
        Path other = Files.writeString(
                directory.resolve("settings.conf"), "vmette { boot.deadline = 77s, vm.memory = 300MiB, fleet.no {} }");
        Files.writeString(directory.resolve("part.conf"), "memory = 200MiB");
        Path file = Files.writeString(
                directory.resolve("shop.conf"),
                "vmette { fleet { a { include \"part.conf\" }, b { env.HOME = ${HOME} } } }");
        FleetSource read = FleetSource.read(file, Optional.of(other));
        assertThat(read.deployment().vms())
                .extracting(vm -> vm.name() + " " + vm.spec().memoryMib())
                .containsExactly("a 200", "b 300");
        assertThat(read.settings().bootDeadline()).isEqualTo(Duration.ofSeconds(77));
        FleetSource sent = FleetSource.sent(read.file(), read.text());
        assertThat(sent.deployment()).isEqualTo(read.deployment());
        assertThat(sent.hasOtherSettings(read)).isFalse();
        assertThat(FleetSource.read(file, Optional.empty()).hasOtherSettings(read))
                .isTrue();
        assertThatThrownBy(() -> FleetSource.sent(file, "{\"vmette\": {\"fleet\": {\"a\": {\"memory\": 1}}}}"))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("memory = 1 is refused");
        assertThatThrownBy(() -> FleetSource.sent(file, "}{")).isInstanceOf(InvalidConfigException.class);
        // Nothing that goes down as deep as it is long.
        assertThatThrownBy(() -> FleetSource.sent(file, "a" + ".a".repeat(1 << 20) + " = 1"))
                .isInstanceOf(InvalidConfigException.class);
        Path none = Files.writeString(directory.resolve("none.conf"), "vmette.vm.memory = 1GiB");
        assertThatThrownBy(() -> FleetSource.read(none, Optional.empty()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("has no VMs");
    }
}
