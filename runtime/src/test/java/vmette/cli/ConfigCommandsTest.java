package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.OptionSpec;

/** {@code vmette config check} and {@code vmette config show}. */
class ConfigCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String FLEET = """
            vmette {
              vm.memory = 256MiB
              templates.web { publish = ["0:80"], env.TOKEN = hunter2, run = "httpd -f" }
              fleet {
                web { template = web, count = 2 }
                db.vcpus = 2
              }
              groups.all { strategy = one-for-all, children = [db, web] }
            }
            """;

    private static final String BROKEN = """
            vmette {
              vm.vcpus = 0
              fleet.web { template = wob, publish = ["80"] }
              groups.all { children = [web]
                strategy = some }
            }
            """;

    @TempDir
    private Path directory;

    private record Said(int code, String out, String err) {}

    private static Said vmette(Map<String, String> environment, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(environment, arguments)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Said(code, out.toString(), err.toString());
    }

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("fleet.conf"), text).toString();
    }

    @Test
    void aFileThatIsRightIsToldOnOneLine() throws IOException {
        String file = file(FLEET);
        assertThat(vmette(Map.of(), "config", "check", file))
                .isEqualTo(
                        new Said(0, file + ": no mistakes; a fleet of 3 VMs and 1 group" + System.lineSeparator(), ""));
        assertThat(vmette(Map.of(), "config", "check", file("vmette.vm.vcpus = 2"))
                        .out())
                .isEqualTo(file + ": no mistakes; settings and no fleet" + System.lineSeparator());
    }

    @Test
    void theExampleOfThePageIsRight() throws IOException {
        String example = Files.readAllLines(Path.of("..", "docs", "fleets.md")).stream()
                .dropWhile(line -> !line.equals("```hocon"))
                .skip(1)
                .takeWhile(line -> !line.equals("```"))
                .collect(Collectors.joining("\n"));
        Said said = vmette(Map.of(), "config", "check", file(example));
        assertThat(said.err()).isEmpty();
        assertThat(said.out()).contains("no mistakes; a fleet of 7 VMs and 2 groups");
    }

    @Test
    void allMistakesAreListedWithFileAndLine() throws IOException {
        String file = file(BROKEN);
        Said said = vmette(Map.of(), "config", "check", file);
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        assertThat(said.err().lines())
                .containsExactly(
                        "vmette: " + file + " has 4 mistakes:",
                        "  " + file + ":2: vmette.vm.vcpus = 0 is refused: allowed is a whole number from 1 to 255",
                        "  " + file + ":3: vmette.fleet.web.template = wob is no template: there is none",
                        "  " + file
                                + ":3: vmette.fleet.web.publish (publish = 80) is refused: allowed is HOST:GUEST, two TCP ports,"
                                + " such as 8080:80; HOST 0 is any free one",
                        "  " + file
                                + ":5: vmette.groups.all.strategy = some is refused: allowed is one-for-one, one-for-all, rest-for-one");
    }

    @Test
    void withJsonTheyAreAnObjectOnStandardOutput() throws IOException {
        String file = file(BROKEN);
        Said said = vmette(Map.of(), "config", "check", "--json", file);
        assertThat(said.code()).isEqualTo(2);
        JsonNode told = JSON.readTree(said.out());
        assertThat(told.path("valid").asBoolean(true)).isFalse();
        assertThat(told.path("problems")).hasSize(4);
        assertThat(told.path("problems").path(0).path("where").asText()).isEqualTo(file + ":2");
        assertThat(told.path("problems").path(0).path("what").asText()).isEqualTo("vmette.vm.vcpus = 0");
        assertThat(told.path("problems").path(0).path("remedy").asText()).startsWith("allowed is");
        assertThat(JSON.readTree(said.err()).path("status").asText()).isEqualTo("INVALID_CONFIG");

        JsonNode right = JSON.readTree(
                vmette(Map.of(), "config", "check", "--json", file(FLEET)).out());
        assertThat(right.path("valid").asBoolean()).isTrue();
        assertThat(right.path("vms").asInt()).isEqualTo(3);
        assertThat(right.path("problems")).isEmpty();
    }

    @Test
    void aFileThatIsNotThereIsRefused() {
        for (String command : List.of("check", "show")) {
            Said said = vmette(Map.of(), "config", command, "/nonexistent/fleet.conf");
            assertThat(said.code()).isEqualTo(2);
            assertThat(said.err())
                    .isEqualTo("vmette: the configuration /nonexistent/fleet.conf does not exist:"
                            + " give a file in HOCON" + System.lineSeparator());
        }
    }

    @Test
    void everySettingIsShownWithWhereItCameFrom() throws IOException {
        String file = file(FLEET);
        Map<String, String> environment = Map.of(
                "VMETTE_VCPUS", "3", "VMETTE_ENV", "A=hunter3", "VMETTE_SHARE", "a=/a\nb=/b", "VMETTE_TIMEOUT", "5");
        Said said = vmette(environment, "config", "show", file);
        assertThat(said.err()).isEmpty();
        assertThat(said.code()).isZero();
        assertThat(said.out().lines())
                .contains(
                        "vmette.boot.deadline = 60s (default)",
                        "vmette.vm.memory = 256MiB (" + file + ":2)",
                        "vmette.vm.vcpus = 3 (VMETTE_VCPUS)",
                        "vmette.vm.timeout = 5s (VMETTE_TIMEOUT)",
                        "vmette.vm.shares = [a=/a, b=/b] (VMETTE_SHARE)",
                        "vmette.vm.shares-read-only = [] (VMETTE_SHARE)",
                        "vmette.vm.env.A = (not shown) (VMETTE_ENV)",
                        "vmette.fleet.db.vcpus = 2 (" + file + ":6)",
                        "vmette.fleet.db.memory = 256MiB (" + file + ":2)",
                        "vmette.fleet.web.publish = [0:80] (" + file + ":3)",
                        "vmette.fleet.web.env.TOKEN = (not shown) (" + file + ":3)",
                        "vmette.fleet.web.run = httpd -f (" + file + ":3)",
                        "vmette.fleet.web.template = web (" + file + ":5)",
                        "vmette.fleet.web.count = 2 (" + file + ":5)",
                        "vmette.fleet.web.group = all (" + file + ":8)",
                        "vmette.groups.all.strategy = one-for-all (" + file + ":8)",
                        "vmette.groups.all.children = [db, web] (" + file + ":8)",
                        "vmette.groups.all.max-restarts = 5 (default)",
                        "vmette.groups.all.within = 10m (default)");
        assertThat(said.out()).doesNotContain("vmette.fleet.db.count");
        assertThat(said.out()).doesNotContain("hunter");
        Set<String> shown =
                said.out().lines().map(line -> line.split(" = ", 2)[0]).collect(Collectors.toSet());
        Config reference = ConfigPage.reference();
        assertThat(reference.entrySet()).hasSizeGreaterThan(30).allSatisfy(setting -> assertThat(shown)
                .contains(setting.getKey()));
    }

    @Test
    void withJsonTheSameIsAnObject() throws IOException {
        String file = file(FLEET);
        for (String[] arguments : List.of(
                new String[] {"config", "show", "--json", file},
                new String[] {"config", "show", "--json", "--config", file})) {
            JsonNode shown = JSON.readTree(
                    vmette(Map.of("VMETTE_NET", "true"), arguments).out());
            assertThat(shown.path("config").asText()).isEqualTo(file);
            JsonNode settings = shown.path("settings");
            assertThat(settings.path("vmette.vm.net").path("from").asText()).isEqualTo("VMETTE_NET");
            assertThat(settings.path("vmette.vm.vcpus").path("value").asInt()).isEqualTo(1);
            assertThat(settings.path("vmette.vm.vcpus").path("from").asText()).isEqualTo("default");
            assertThat(shown.path("fleet").path("db").path("vcpus").path("from").asText())
                    .isEqualTo(file + ":6");
            assertThat(shown.path("fleet")
                            .path("web")
                            .path("count")
                            .path("value")
                            .asInt())
                    .isEqualTo(2);
            assertThat(shown.path("groups")
                            .path("all")
                            .path("strategy")
                            .path("value")
                            .asText())
                    .isEqualTo("one-for-all");
        }
    }

    @Test
    void groupsShowWhatOthersSayOfThem() throws IOException {
        String file = file("""
                vmette {
                  fleet { a { group = inner }, b {} }
                  groups.inner { parent = outer }
                  groups.outer { max-restarts = 2, children = [b] }
                }
                """);
        assertThat(vmette(Map.of(), "config", "show", file).out().lines())
                .contains(
                        "vmette.fleet.a.group = inner (" + file + ":2)",
                        "vmette.fleet.b.group = outer (" + file + ":4)",
                        "vmette.groups.inner.strategy = one-for-one (default)",
                        "vmette.groups.inner.children = [a] (" + file + ":3)",
                        "vmette.groups.inner.parent = outer (" + file + ":3)",
                        "vmette.groups.outer.max-restarts = 2 (" + file + ":4)",
                        "vmette.groups.outer.children = [b, inner] (" + file + ":4)");
    }

    @Test
    void withoutAFileItIsTheDefaults() {
        Said said = vmette(Map.of(), "config", "show");
        assertThat(said.code()).isZero();
        assertThat(said.out()).contains("vmette.vm.vcpus = 1 (default)").doesNotContain("vmette.fleet");
    }

    @Test
    void aBrokenFileIsNotShown() throws IOException {
        Said said = vmette(Map.of(), "config", "show", file(BROKEN));
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).contains("has 4 mistakes");
    }

    /** An option that goes over a setting and is not known to do so would be shown wrongly. */
    @Test
    void everyVariableOfARunIsASettingsOrKnownToBeNone() {
        Set<String> none = Set.of(
                "--config", "--quiet", "--verbose", "--debug", "--name", "--tty", "--entrypoint", "--env", "--offline");
        Set<String> all = Main.commandLine().getSubcommands().get("run").getCommandSpec().options().stream()
                .filter(option -> Variables.of(option).isPresent())
                .map(OptionSpec::longestName)
                .collect(Collectors.toSet());
        Set<String> known = new TreeSet<>(none);
        known.addAll(SettingSources.options().keySet());
        assertThat(known).isEqualTo(new TreeSet<>(all));
        assertThat(SettingSources.options().values()).allMatch(ConfigPage.reference()::hasPath);
    }
}
