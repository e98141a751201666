package vmette.config.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.ExecSpec;
import vmette.config.PublishedPort;
import vmette.config.RestartMode;
import vmette.errors.InvalidConfigException;

/** What files say, and what is told of several mistakes. */
class DeploymentFileTest {
    @TempDir
    private Path directory;

    @Test
    void theExampleOfThePageIsWhatItSays() {
        DeploymentFile file = FleetsPage.read(FleetsPage.example());
        Deployment fleet = file.deployment();
        // In the order of starting: by name, but for what a group has in its own order.
        assertThat(fleet.roots()).containsExactly("app", "console");
        assertThat(fleet.vms())
                .extracting(VmPlan::name)
                .containsExactly("db", "web-1", "web-2", "web-3", "worker-1", "worker-2", "console");
        assertThat(fleet.groups())
                .containsOnly(
                        Map.entry(
                                "app",
                                new GroupPlan(
                                        "app",
                                        Strategy.REST_FOR_ONE,
                                        3,
                                        Duration.ofMinutes(5),
                                        Optional.empty(),
                                        List.of("db", "front", "worker-1", "worker-2"))),
                        Map.entry(
                                "front",
                                new GroupPlan(
                                        "front",
                                        Strategy.ONE_FOR_ONE,
                                        5,
                                        Duration.ofMinutes(10),
                                        Optional.of("app"),
                                        List.of("web-1", "web-2", "web-3"))));

        VmPlan db = fleet.vm("db").orElseThrow();
        assertThat(db.spec().name()).contains("db");
        assertThat(db.spec().memoryMib()).isEqualTo(256);
        assertThat(db.spec().storage().rootfs()).contains("debian:12");
        assertThat(db.spec().storage().disks()).containsExactly(Path.of("/var/lib/fleet/db.img"));
        assertThat(db.mode()).isEqualTo(RestartMode.PERMANENT);
        assertThat(db.run()).contains(Service.shell("postgres"));
        assertThat(db.group()).contains("app");

        VmPlan web = fleet.vm("web-2").orElseThrow();
        assertThat(web.spec().memoryMib()).isEqualTo(512);
        assertThat(web.spec().env()).containsOnly(Map.entry("LANG", "C.UTF-8"));
        assertThat(web.spec().publish()).containsExactly(new PublishedPort(0, 80));
        assertThat(web.mode()).isEqualTo(RestartMode.TRANSIENT);
        assertThat(web.group()).contains("front");

        assertThat(fleet.vm("worker-1").orElseThrow().run())
                .contains(new Service(
                        List.of("worker", "--queue", "jobs"),
                        Map.of("LEVEL", "info"),
                        Optional.of("/var/lib/worker"),
                        Optional.of("nobody")));
        assertThat(fleet.vm("console").orElseThrow())
                .matches(vm -> vm.run().isEmpty() && vm.mode() == RestartMode.TEMPORARY);
        assertThat(file.settings().vm().memoryMib()).isEqualTo(256);
        assertThat(file.entries()).containsOnlyKeys("console", "db", "web", "worker");
    }

    @Test
    void aServiceIsACommandWithoutStandardInput() {
        assertThat(Service.shell("make").toExec())
                .isEqualTo(ExecSpec.shell("make").withoutStdin());
        assertThat(Service.ofImage().toExec().imageUse()).isEqualTo(ExecSpec.ImageUse.ONLY_COMMAND);
        assertThat(new Service(List.of("a"), Map.of("K", "v"), Optional.of("/d"), Optional.of("u")).toExec())
                .isEqualTo(ExecSpec.of("a")
                        .withoutStdin()
                        .withEnv("K", "v")
                        .withDirectory("/d")
                        .withUser("u"));
    }

    @Test
    void aFileOfSettingsAloneIsAnEmptyFleet() {
        assertThat(FleetsPage.read("vmette.qemu.accelerator = tcg").deployment())
                .isEqualTo(Deployment.EMPTY);
        assertThat(FleetsPage.read("vmette {}").deployment().vms()).isEmpty();
    }

    @Test
    void aRunIsTakenAwayAndReplaced() {
        Deployment fleet = FleetsPage.read("""
                        vmette {
                          vm.exec = "not for fleets"
                          templates.t { rootfs = /r, run { command = a, user = u } }
                          fleet { none { template = t, run = null }, other { template = t, run = b },
                                  merged { template = t, run.user = w }, image { rootfs = x, run.image-command = true } }
                        }
                        """).deployment();
        assertThat(fleet.vm("none").orElseThrow().run()).isEmpty();
        assertThat(fleet.vm("none").orElseThrow().spec().exec()).isEmpty();
        assertThat(fleet.vm("other").orElseThrow().run()).contains(Service.shell("b"));
        assertThat(fleet.vm("merged").orElseThrow().run().orElseThrow().user()).contains("w");
        assertThat(fleet.vm("image").orElseThrow().run()).contains(Service.ofImage());
    }

    @Test
    void substitutionsMayNameTheFileItsDefaultsAndTheEnvironment() throws IOException {
        Path file = Files.writeString(
                directory.resolve("fleet.conf"),
                "most = 2\nvmette.fleet.a { count = ${most}, vcpus = ${vmette.vm.vcpus}, env.P = ${PATH} }");
        Deployment fleet = DeploymentFile.read(file).deployment();
        assertThat(fleet.vms()).hasSize(2).allSatisfy(vm -> assertThat(vm.spec().env())
                .containsEntry("P", System.getenv("PATH")));
    }

    @Test
    void aCountIsInTheNameAndNoneIsNone() {
        String fleet = "vmette.fleet.a.count = ";
        assertThat(FleetsPage.read(fleet + 0).deployment().vms()).isEmpty();
        assertThat(FleetsPage.read(fleet + 1).deployment().vms())
                .extracting(VmPlan::name)
                .containsExactly("a-1");
        assertThat(FleetsPage.read(fleet + 10_000).deployment().vms()).hasSize(10_000);
    }

    @Test
    void allMistakesAreToldInTheOrderOfTheFile() throws IOException {
        Path file = Files.writeString(directory.resolve("fleet.conf"), """
                vmette {
                  qemu { accelerator = fast, start-timeout = 0s }
                  templates {
                    base { vcpus = 0, memory = 1, publish = [x], colour = red }
                    web { extends = base, timeout = soon }
                  }
                  fleet {
                    a { template = web, count = 2 }
                    b { template = wob, group = g }
                  }
                  groups.g.strategy = all
                  vn {}
                }
                """);
        DeploymentRefusedException refusal =
                catchThrowableOfType(DeploymentRefusedException.class, () -> DeploymentFile.read(file));
        assertThat(refusal).hasMessageStartingWith(file + " has 10 mistakes:\n  " + file + ":2: vmette.qemu.");
        assertThat(refusal.problems().stream()
                        .map(problem ->
                                problem.where().substring(file.toString().length() + 1) + " "
                                        + problem.what().split(" ", 2)[0])
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(
                        "2 vmette.qemu.accelerator",
                        "2 vmette.qemu.start-timeout",
                        "4 vmette.templates.base.vcpus",
                        "4 vmette.templates.base.memory",
                        "4 vmette.templates.base.publish",
                        "4 vmette.templates.base.colour",
                        "5 vmette.templates.web.timeout",
                        "9 vmette.fleet.b.template",
                        "11 vmette.groups.g.strategy",
                        "12 vmette.vn");
    }

    @Test
    void whatIsWrongBesideAnUnknownTemplateIsToldAndWhatMayBeRightIsNot() {
        assertThat(
                        told(
                                "vmette.fleet.a { template = t, vcpus = 0, rootfs-read-only = true, run.user = u, env.K = [1] }"))
                .containsExactlyInAnyOrder(
                        "vmette.fleet.a.template = t is no template: there is none",
                        "vmette.fleet.a.vcpus = 0 is refused: allowed is a whole number from 1 to 255",
                        "vmette.fleet.a.env.K = [1] is refused: allowed is a text");
    }

    @Test
    void aMistakeOfATemplateIsToldOnceWhoeverExtendsIt() {
        assertThat(
                        told(
                                "vmette { vm.vcpus = 0, templates { a.memory = 1, b.extends = a }, fleet { x.template = b, y.template = b } }"))
                .hasSize(2);
    }

    @Test
    void ofVeryManyMistakesTheFirstAreListed() {
        String fleet = IntStream.range(0, 150)
                .mapToObj(i -> "f" + i + ".vcpus = 0")
                .collect(Collectors.joining("\n", "vmette.fleet {\n", "\n}"));
        DeploymentRefusedException refusal =
                catchThrowableOfType(DeploymentRefusedException.class, () -> FleetsPage.read(fleet));
        assertThat(refusal.problems()).hasSize(100);
        assertThat(refusal).hasMessageStartingWith("here has 150 mistakes:").hasMessageEndingWith("and 50 more");
    }

    @Test
    void templatesExtendEachOtherSixteenTimesAndNotMore() {
        assertThat(FleetsPage.read(line(16)).deployment().vms()).hasSize(1);
        assertThat(told(line(17)))
                .containsOnly("vmette.templates.t16.extends = t15 is one too many in a row: at most 16"
                        + " templates may extend one another; let it extend another one");
        assertThat(told(line(5000))).hasSize(1);
    }

    private static String line(int length) {
        return IntStream.range(1, length)
                .mapToObj(i -> "t" + i + ".extends = t" + (i - 1))
                .collect(Collectors.joining(
                        "\n", "vmette.templates {\nt0 {}\n", "\n}\nvmette.fleet.a.template = t" + (length - 1)));
    }

    @Test
    void groupsAreSixteenDeepAndNotMore() {
        assertThat(FleetsPage.read(nest(16)).deployment().groups()).hasSize(16);
        assertThat(told(nest(17)))
                .containsOnly("vmette.groups.g16 is one group too deep: at most 16 may be in one another;"
                        + " let it belong to another one");
    }

    private static String nest(int depth) {
        return IntStream.range(1, depth)
                .mapToObj(i -> "g" + i + ".parent = g" + (i - 1))
                .collect(Collectors.joining(
                        "\n", "vmette.groups {\ng0 {}\n", "\n}\nvmette.fleet.a.group = g" + (depth - 1)));
    }

    @Test
    void aCircleIsToldOnce() {
        assertThat(
                        told(
                                "vmette { templates { a.extends = c, b.extends = a, c.extends = b, d.extends = a }, fleet.x.template = d }"))
                .containsExactly(
                        "vmette.templates.a.extends = c goes round in a circle: take extends out of one of a, c, b");
        assertThat(told("vmette { groups { a.parent = b, b.parent = a } }"))
                .containsExactly("vmette.groups.a belongs to itself: take one of a, b out of its group");
    }

    @Test
    void whatIsAmissAtTheTopIsTold() {
        assertThat(told("fleet.a {}"))
                .containsExactly("fleet stands outside of vmette: put it inside of vmette { ... }");
        assertThat(told("x = 1")).containsExactly("the file has no vmette section: write vmette { ... }");
        assertThat(told("vmette = 1")).containsExactly("vmette = 1 is refused: allowed is vmette { ... }");
        assertThat(told("vmette.fleet = 1"))
                .containsExactly("vmette.fleet = 1 is refused: allowed is fleet { NAME { ... } }");
        assertThat(told("vmette.fleet.a = 1"))
                .containsExactly("vmette.fleet.a = 1 is refused: allowed is a section { ... }");
        assertThat(told("vmette { fleet.a {}, groups { a { children = [a] } } }"))
                .contains("vmette.groups.a has the name of a VM of the fleet: name one of them otherwise");
        assertThat(told("vmette { groups.g {} }"))
                .containsExactly(
                        "vmette.groups.g has no children: name them in its order, children = [...], or take it out");
    }

    @Test
    void aFileThatCannotBeReadIsToldWithItsLine() throws IOException {
        Path broken = Files.writeString(directory.resolve("broken.conf"), "vmette {\n  fleet {\n");
        assertThatThrownBy(() -> DeploymentFile.read(broken))
                .isInstanceOf(DeploymentRefusedException.class)
                .hasMessageContaining(broken + ":3: the file cannot be read as HOCON (");
        Path unresolved =
                Files.writeString(directory.resolve("unresolved.conf"), "vmette {\n  vm.vcpus = ${nowhere}\n}");
        assertThatThrownBy(() -> DeploymentFile.read(unresolved))
                .isInstanceOf(DeploymentRefusedException.class)
                .hasMessageContaining(unresolved + ":2: the file cannot be read as HOCON (")
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> DeploymentFile.read(directory.resolve("none.conf")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("none.conf does not exist: give a file in HOCON");
        assertThatThrownBy(() -> DeploymentFile.read(directory)).hasMessageContaining("is a directory");
    }

    private static List<String> told(String hocon) {
        DeploymentRefusedException refusal =
                catchThrowableOfType(DeploymentRefusedException.class, () -> FleetsPage.read(hocon));
        assertThat(refusal).as(hocon).isNotNull();
        return refusal.problems().stream()
                .map(problem -> problem.toString().substring(problem.where().length() + 2))
                .toList();
    }
}
