package docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import vmette.config.fleet.DeploymentFile;

/** What the README shows is what is compiled and run, and what it links to is there. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");

    @Test
    void theExampleIsTheExamplesProgram() throws IOException {
        List<String> program = Files.readAllLines(ROOT.resolve("docs/example/src/main/java/example/FirstLight.java"));
        int begin = program.indexOf("        // README: begin");
        int end = program.indexOf("        // README: end");
        assertThat(begin).isPositive();
        String lines = program.subList(begin + 1, end).stream()
                .map(line -> line.substring(8))
                .collect(Collectors.joining("\n"));
        assertThat(Files.readString(ROOT.resolve("README.md"))).contains("```java\n" + lines + "\n```");
    }

    @Test
    void itsOtherLinesOfJavaAreCompiled() throws IOException {
        String compiled = Files.readString(Path.of("src/test/java/docs/ReadmeSnippets.java"))
                .replaceAll("\\s+", "");
        List<String> shown = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("README.md")))
                .results()
                .skip(1) // the example
                .map(block -> block.group(1))
                .filter(block -> !block.startsWith("Config ")) // SupervisedIT's
                .flatMap(String::lines)
                .map(line -> line.replaceAll("//.*", "").replaceAll("\\s+", ""))
                .filter(line -> !line.isEmpty())
                .toList();
        assertThat(shown).hasSizeGreaterThan(5).allSatisfy(line -> assertThat(compiled)
                .contains(line));
    }

    @Test
    void theExamplesFleetHasWhatIsAskedOfIt() throws IOException {
        String file = "docs/example/fleet.conf";
        assertThat(Files.readString(ROOT.resolve("README.md")))
                .contains("vmette up " + file, "exec web-1 ", "--pool agents ");
        DeploymentFile fleet = DeploymentFile.read(ROOT.resolve(file));
        assertThat(fleet.deployment().vm("web-1")).isPresent();
        assertThat(fleet.pools()).containsOnlyKeys("agents");
    }

    @Test
    void theLinesOfThePageAboutPoolsAreCompiled() throws IOException {
        String compiled = Files.readString(Path.of("src/test/java/docs/PoolSnippets.java"))
                .replaceAll("\\s+", "");
        List<String> shown = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(ROOT.resolve("docs/pools.md")))
                .results()
                .map(block -> block.group(1))
                .flatMap(String::lines)
                .map(line -> line.replaceAll("//.*", "").replaceAll("\\s+", ""))
                .filter(line -> !line.isEmpty())
                .toList();
        assertThat(shown).hasSize(5).allSatisfy(line -> assertThat(compiled).contains(line));
    }

    @Test
    void itsLinksLeadSomewhere() throws IOException {
        Matcher links = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(ROOT.resolve("README.md")));
        assertThat(links.results().map(link -> link.group(1)).toList())
                .isNotEmpty()
                .allSatisfy(target -> assertThat(ROOT.resolve(target)).exists());
    }
}
