package vmette.config.fleet;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** docs/fleets.md: its example and its table. */
final class FleetsPage {
    private FleetsPage() {}

    private static List<String> lines() {
        try {
            return Files.readAllLines(Path.of("..", "docs", "fleets.md"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String example() {
        return lines().stream()
                .dropWhile(line -> !line.equals("```hocon"))
                .skip(1)
                .takeWhile(line -> !line.equals("```"))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    /** What stands in the example, what is written instead, and what is told. */
    static List<List<String>> mistakes() {
        return lines().stream()
                .dropWhile(line -> !line.equals("## Mistakes"))
                .dropWhile(line -> !line.startsWith("|---"))
                .skip(1)
                .takeWhile(line -> line.startsWith("|"))
                .map(row -> Arrays.stream(row.split("\\|", -1))
                        .map(cell -> cell.replace("`", "").strip())
                        .filter(cell -> !cell.isEmpty())
                        .toList())
                .toList();
    }

    /** Parsed as if it were in a file. */
    static DeploymentFile read(String hocon) {
        return DeploymentFile.of(
                ConfigFactory.parseString(hocon, ConfigParseOptions.defaults().setOriginDescription("here"))
                        .resolve(),
                "here");
    }
}
