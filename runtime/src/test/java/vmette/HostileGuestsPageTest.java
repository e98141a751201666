package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page, the hostile program and the whole-VM test know the same attacks. */
class HostileGuestsPageTest {
    private static Set<String> named(Path file, String pattern) throws IOException {
        return Pattern.compile(pattern)
                .matcher(Files.readString(file))
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyAttackIsOnThePageAndTriedAndNoOther() throws IOException {
        Set<String> tried = new TreeSet<>(HostileAttacks.outlived());
        tried.addAll(HostileAttacks.fatal().keySet());
        Path program = Path.of("src/test/c/hostile-driver.c");
        Set<String> programmed = named(program, "strcmp\\(name, \"([a-z-]+)\"\\)");
        programmed.addAll(named(program, "\\{\"([a-z-]+)\", [a-z_]+, [01]\\}"));
        assertThat(programmed).isEqualTo(tried);
        List<String> rows = Files.readAllLines(Path.of("../docs/hostile-guests.md")).stream()
                .filter(line -> line.startsWith("| "))
                .map(line -> line.substring(line.lastIndexOf('|', line.length() - 2)))
                .toList();
        assertThat(rows).anySatisfy(row -> assertThat(row).contains("`loop`"));
        Set<String> onThePage = Pattern.compile("`([a-z-]+)`")
                .matcher(String.join("\n", rows))
                .results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(onThePage).isEqualTo(tried);
    }
}
