package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VerifiedTest {
    private static final Map<Path, FileStamp> FILES = Map.of(Path.of("memory"), new FileStamp(1, 2, 3, 4, 5));

    @Test
    void whatIsAskedForIsKeptAndTheOldestIsForgotten() {
        Verified verified = new Verified();
        Path golden = Path.of("golden");
        Path first = Path.of("fork-0");
        verified.put(golden, FILES);
        for (int i = 0; i < 2 * Verified.MOST; i++) {
            verified.put(Path.of("fork-" + i), FILES);
            assertThat(verified.of(golden)).isEqualTo(FILES);
        }
        assertThat(verified.of(first)).isEmpty();
        verified.remove(golden);
        assertThat(verified.of(golden)).isEmpty();
    }
}
