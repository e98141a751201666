package vmette.config.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever is done to a file, it is a deployment or it is refused with what is wrong. */
class MutatedFilesTest {
    private static final List<String> LINES = FleetsPage.example().lines().toList();

    private static final List<String> VALUES = List.of(
            "null",
            "{}",
            "[]",
            "[{}]",
            "{ a = 1 }",
            "-1",
            "0",
            "3",
            "1e300",
            "true",
            "\"\"",
            "\" \"",
            "\"a.b\"",
            "web",
            "db",
            "app",
            "base",
            "[web]",
            "[web, 1]",
            "[null]",
            "99999999999999999999",
            "\"\\u0000\"",
            "${?NOTHING}");

    /** One line that goes, comes twice, is exchanged with another one, or has another value. */
    private record Mutation(int kind, int line, int other, String value) {
        void applyTo(List<String> lines) {
            int at = line % lines.size();
            switch (kind) {
                case 0 -> lines.remove(at);
                case 1 -> lines.add(at, lines.get(other % lines.size()));
                case 2 -> lines.set(at, lines.set(other % lines.size(), lines.get(at)));
                default -> lines.set(at, otherValue(lines.get(at)));
            }
        }

        private String otherValue(String text) {
            int equals = text.indexOf('=');
            if (equals >= 0) {
                return text.substring(0, equals + 1) + " " + value;
            }
            // A section that opens on this line is closed by nobody then, unless it is taken up again.
            return text.endsWith("{") ? text.substring(0, text.length() - 1) + "= " + value + ", x {" : text;
        }
    }

    @Provide
    Arbitrary<List<Mutation>> mutations() {
        Arbitrary<Integer> lines = Arbitraries.integers().between(0, LINES.size() - 1);
        // Mostly values: what is no HOCON any more is the library's to refuse.
        return Combinators.combine(Arbitraries.of(0, 1, 2, 3, 3, 3, 3, 3, 3), lines, lines, Arbitraries.of(VALUES))
                .as(Mutation::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(4);
    }

    @Property(tries = 500)
    void aFileIsADeploymentOrRefusedWithWhatIsWrong(@ForAll("mutations") List<Mutation> mutations) {
        List<String> lines = new ArrayList<>(LINES);
        mutations.forEach(mutation -> mutation.applyTo(lines));
        Config config;
        try {
            config = ConfigFactory.parseString(
                            String.join("\n", lines),
                            ConfigParseOptions.defaults().setOriginDescription("here"))
                    .resolve();
        } catch (ConfigException e) {
            return;
        }
        try {
            Deployment fleet = DeploymentFile.of(config, "here").deployment();
            assertThat(DeploymentDiff.between(fleet, fleet).isEmpty()).isTrue();
        } catch (DeploymentRefusedException e) {
            assertThat(e.problems()).isNotEmpty().allSatisfy(problem -> {
                assertThat(problem.where()).startsWith("here");
                assertThat(problem.what()).isNotBlank();
                assertThat(problem.why()).isNotBlank();
                assertThat(problem.remedy()).isNotBlank();
            });
        }
    }
}
