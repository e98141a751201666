package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurationsTest {
    @ParameterizedTest
    @CsvSource({"PT0S,0 s", "PT0.35S,350 ms", "PT1.234S,1.2 s", "PT1.96S,2.0 s", "PT90S,90 s"})
    void peopleReadSecondsAndNotThousandsOfMilliseconds(Duration duration, String text) {
        assertThat(Durations.text(duration)).isEqualTo(text);
    }
}
