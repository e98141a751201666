package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages that are made from the code are what the code makes; with {@code -Dvmette.docs=write} they are made anew. */
class ReferencePagesTest {
    private static final Path DOCS = Path.of("..", "docs");

    private static final String RENEW = "mvn -ntp -q -Dquick -pl runtime -am test -Dtest=ReferencePagesTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dvmette.docs=write";

    private static final String GENERATED = "<!-- Made from the code; do not edit. To make it anew: " + RENEW + " -->";

    static Stream<Arguments> pages() {
        return Stream.of(
                Arguments.of("cli.md", CliPage.render(GENERATED)),
                Arguments.of("config.md", ConfigPage.render(GENERATED)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pages")
    void thePageIsWhatTheCodeGives(String name, String page) throws IOException {
        Path file = DOCS.resolve(name);
        if ("write".equals(System.getProperty("vmette.docs"))) {
            Files.writeString(file, page);
        }
        assertThat(Files.exists(file) ? Files.readString(file) : "")
                .as("docs/%s; to make it anew: %s", name, RENEW)
                .isEqualTo(page);
    }

    @Test
    void nothingIsLeftOut() {
        String cli = CliPage.render("");
        assertThat(CliPage.variables()).hasSizeGreaterThan(20).allSatisfy(variable -> assertThat(cli)
                .contains("`" + variable + "`"));
        assertThat(CliPage.commands()).hasSizeGreaterThan(5).allSatisfy(command -> assertThat(cli)
                .contains("\n## vmette " + command + "\n"));
        String config = ConfigPage.render("");
        assertThat(ConfigPage.reference().entrySet()).hasSizeGreaterThan(30).allSatisfy(setting -> assertThat(config)
                .contains("- `" + setting.getKey() + " = "));
    }
}
