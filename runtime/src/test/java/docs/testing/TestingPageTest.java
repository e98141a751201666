package docs.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import vmette.testkit.Script;
import vmette.testkit.TestVm;

/** What docs/testing.md shows of the test kit is what is compiled and run. */
class TestingPageTest {
    private static final Path ROOT = Path.of("..");

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/testing.md"));
    }

    @Test
    void theExampleIsATest() throws IOException {
        List<String> test = Files.readAllLines(Path.of("src/test/java/docs/testing/BuilderTest.java"));
        String lines = test.subList(test.indexOf("    // page: begin") + 1, test.indexOf("    // page: end")).stream()
                .map(line -> line.isEmpty() ? line : line.substring(4))
                .collect(Collectors.joining("\n"));
        assertThat(page()).contains("```java\n" + lines + "\n```");
    }

    @Test
    void everyStepAndEveryFaultIsOnThePage() throws IOException {
        assertThat(methods(Script.class)).isNotEmpty().allSatisfy(name -> assertThat(page())
                .contains(name));
        assertThat(methods(TestVm.class)).isNotEmpty().allSatisfy(name -> assertThat(page())
                .contains(name));
    }

    private static List<String> methods(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .map(method -> "`" + method.getName())
                .distinct()
                .toList();
    }

    @Test
    void itsLinksLeadSomewhere() throws IOException {
        assertThat(Pattern.compile("\\]\\(([^)#:]+)\\)")
                        .matcher(page())
                        .results()
                        .map(link -> link.group(1))
                        .toList())
                .isNotEmpty()
                .allSatisfy(target ->
                        assertThat(ROOT.resolve("docs").resolve(target)).exists());
    }
}
