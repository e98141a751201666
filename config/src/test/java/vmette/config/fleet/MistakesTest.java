package vmette.config.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.errors.Status;

/** Files that are refused. */
class MistakesTest {
    /** Amiss only together with something else that is called the same, which is where it is told. */
    private static final Set<String> ELSEWHERE =
            Set.of("image-command = true", "disks = [/var/lib/fleet/db.img]", "children = [web, app]");

    @TempDir
    private Path directory;

    private List<ConfigProblem> problems(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("fleet.conf"), text);
        DeploymentRefusedException refusal =
                catchThrowableOfType(DeploymentRefusedException.class, () -> DeploymentFile.read(file));
        assertThat(refusal).as(text).isNotNull();
        assertThat(refusal.status()).isEqualTo(Status.INVALID_CONFIG);
        assertThat(refusal.getMessage()).startsWith(file + " has ");
        assertThat(refusal.getMessage().lines().skip(1).map(String::strip))
                .containsExactlyElementsOf(
                        refusal.problems().stream().map(ConfigProblem::toString).toList());
        return refusal.problems();
    }

    static Stream<Arguments> mistakes() {
        return FleetsPage.mistakes().stream().map(row -> Arguments.of(row.get(0), row.get(1), row.get(2)));
    }

    @Test
    void theTableHasManyRows() {
        assertThat(FleetsPage.mistakes()).hasSizeGreaterThan(30).allMatch(row -> row.size() == 3);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource
    void mistakes(String right, String wrong, String told) throws IOException {
        List<String> lines = FleetsPage.example().lines().toList();
        List<Integer> places = IntStream.range(0, lines.size())
                .filter(i -> lines.get(i).strip().equals(right))
                .boxed()
                .toList();
        assertThat(places).as("lines of the example that are: " + right).isNotEmpty();
        int place = places.get(0);
        String text = IntStream.range(0, lines.size())
                .mapToObj(i -> i == place ? wrong : lines.get(i))
                .collect(Collectors.joining("\n"));
        List<ConfigProblem> problems = problems(text);
        assertThat(problems).hasSize(1);
        assertThat(problems.get(0).toString()).contains(": " + told);
        String where = problems.get(0).where();
        int line = Integer.parseInt(where.substring(where.lastIndexOf(':') + 1));
        assertThat(where).isEqualTo(directory.resolve("fleet.conf") + ":" + line);
        String path = told.split(" ", 2)[0];
        String key = path.substring(path.lastIndexOf('.') + 1).replace("\"", "");
        if (wrong.contains(key) && !ELSEWHERE.contains(wrong)) {
            assertThat(line).isEqualTo(place + 1);
        } else {
            assertThat(lines.get(line - 1)).contains(key);
        }
        assertThat(problems.get(0).remedy()).isNotBlank();
    }
}
