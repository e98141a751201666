package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong();

    private ProgressBar bar(boolean drawn) {
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        return new ProgressBar(out, line -> out.println("vmette: " + line), drawn, "file", clock::get);
    }

    private String said() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aLineSaysHowFarHowMuchAndHowFast() {
        assertThat(ProgressBar.line("big", 50 << 20, 100 << 20, 1, 2_000_000_000L))
                .isEqualTo("big                  [############------------]  50 % 50.0 MiB, 25.0 MiB/s");
        assertThat(ProgressBar.line("tree", 1000, 0, 7, 0)).isEqualTo("tree                 1000 B, 7 files");
        assertThat(ProgressBar.line("more than said", 200, 100, 1, 0)).contains("[########################] 100 %");
        assertThat(ProgressBar.line(
                        "x".repeat(50), Long.MAX_VALUE / 1000, Long.MAX_VALUE / 1000, 99_999, 1_000_000_000L))
                .hasSizeLessThan(100);
    }

    @Test
    void itIsDrawnOverTenTimesASecondAtMostAndStandsAtTheEnd() {
        try (ProgressBar bar = bar(true)) {
            bar.total(1000);
            for (int i = 0; i < 1000; i++) {
                clock.addAndGet(1_000_000);
                bar.bytes(1);
            }
        }
        assertThat(said().chars().filter(c -> c == '\r').count()).isEqualTo(11);
        assertThat(said()).contains("100 % 1000 B").endsWith(System.lineSeparator());
        assertThat(said().split("\r", -1)).allMatch(line -> line.strip().length() <= 79);
    }

    @Test
    void withoutATerminalOnlyWhatIsLeftOutIsSaid() {
        try (ProgressBar bar = bar(false)) {
            bar.bytes(1);
            clock.addAndGet(1_000_000_000);
            bar.entry();
            for (int i = 0; i < 12; i++) {
                bar.leftOut("dev\u001b[2J" + i, "a device");
            }
        }
        assertThat(said().lines()).hasSize(11);
        assertThat(said()).startsWith("vmette: left out dev\\x1b[2J0: a device").contains("left out 2 more");
    }
}
