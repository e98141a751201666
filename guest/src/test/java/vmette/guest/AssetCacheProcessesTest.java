package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes over one cache. */
class AssetCacheProcessesTest {
    /** What each process runs: arguments are the cache and a file that gets a line for every fetch. */
    static final class Fetcher {
        private Fetcher() {}

        public static void main(String[] arguments) {
            FakePackages packages = new FakePackages();
            packages.during = scratch -> note(Path.of(arguments[1]));
            new AssetCache(Path.of(arguments[0]), packages)
                    .get(EnumSet.allOf(AssetKind.class), line -> note(Path.of(arguments[1] + ".progress")));
        }

        private static void note(Path file) {
            try {
                Files.writeString(file, "once\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @TempDir
    Path directory;

    @Test
    void ofProcessesThatStartTogetherOneFetches() throws Exception {
        Path fetches = directory.resolve("fetches");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Fetcher.class.getName(),
                            directory.resolve("cache").toString(),
                            fetches.toString())
                    .inheritIO()
                    .start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        assertThat(fetches).hasContent("once");
        assertThat(GuestAsset.in(directory.resolve("cache/guest/current-kernel")))
                .isPresent();
    }
}
