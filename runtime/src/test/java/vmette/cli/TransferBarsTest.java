package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import vmette.linux.Terminal;
import vmette.rootfs.RootfsProgress;

class TransferBarsTest {
    private static final long MIB = 1 << 20;

    private final TerminalModel terminal = new TerminalModel();
    private final AtomicLong clock = new AtomicLong();
    private Terminal.Size size = new Terminal.Size(24, 80);
    private final TransferBars bars;
    private int writes;

    TransferBarsTest() {
        PrintStream out = new PrintStream(terminal, true, StandardCharsets.UTF_8) {
            @Override
            public void print(Object text) {
                writes++;
                super.print(text);
            }
        };
        bars = new TransferBars(out, line -> out.println("vmette: " + line), () -> size, clock::get, false);
    }

    private void later(long millis) {
        clock.addAndGet(millis * 1_000_000);
    }

    @Test
    void eachTransferHasABarAndWhatIsDoneALine() {
        bars.say("asking localhost for team/app");
        RootfsProgress.Transfer first = bars.transfer("layer one", 4 * MIB);
        RootfsProgress.Transfer second = bars.transfer("layer two", 8 * MIB);
        later(1000);
        first.add(MIB);
        later(1000);
        second.add(2 * MIB);
        bars.tick();
        assertThat(terminal.shown())
                .containsExactly(
                        "vmette: asking localhost for team/app",
                        "layer one            [######------------------]  1.0 MiB/4.0 MiB  512.0 KiB/s",
                        "layer two            [######------------------]  2.0 MiB/8.0 MiB  1.0 MiB/s");
        first.add(3 * MIB);
        first.close();
        later(1000);
        second.add(2 * MIB);
        bars.tick();
        assertThat(terminal.shown())
                .containsExactly(
                        "vmette: asking localhost for team/app",
                        "vmette: layer one, 4.0 MiB in 2.0 s",
                        "layer two            [############------------]  4.0 MiB/8.0 MiB  1.3 MiB/s");
        second.add(4 * MIB);
        second.close();
        assertThat(terminal.shown())
                .containsExactly(
                        "vmette: asking localhost for team/app",
                        "vmette: layer one, 4.0 MiB in 2.0 s",
                        "vmette: layer two, 8.0 MiB in 3.0 s");
        assertThat(terminal.isAtFreshLine()).isTrue();
    }

    @Test
    void whatComesBetweenTwoTicksIsDrawnOnce() {
        RootfsProgress.Transfer transfer = bars.transfer("layer one", 5000);
        for (int i = 0; i < 1000; i++) {
            later(1);
            transfer.add(1);
        }
        assertThat(writes).isZero();
        assertThat(bars.tick()).isTrue();
        assertThat(writes).isEqualTo(1);
        assertThat(terminal.shown().get(0)).contains("1000 B/4.9 KiB");
        transfer.close();
        assertThat(bars.tick()).isFalse();
    }

    @Test
    void whatBreaksOffLeavesNothing() {
        RootfsProgress.Transfer transfer = bars.transfer("layer one", 4 * MIB);
        later(200);
        transfer.add(MIB);
        bars.tick();
        assertThat(terminal.shown()).hasSize(1);
        transfer.close();
        transfer.close();
        assertThat(terminal.shown()).isEmpty();
        assertThat(terminal.isAtFreshLine()).isTrue();
        RootfsProgress.Transfer again = bars.transfer("layer one", 4 * MIB);
        later(200);
        again.add(4 * MIB);
        again.close();
        assertThat(terminal.shown()).containsExactly("vmette: layer one, 4.0 MiB in 0.2 s");
    }

    @Test
    void anUnknownTotalHasNoGauge() {
        RootfsProgress.Transfer transfer = bars.transfer("https://example.org/root.tar.gz", -1);
        later(1000);
        transfer.add(3 * MIB);
        bars.tick();
        assertThat(terminal.shown()).containsExactly("http..rg/root.tar.gz 3.0 MiB  3.0 MiB/s");
        transfer.close();
        assertThat(terminal.shown()).containsExactly("vmette: https://example.org/root.tar.gz, 3.0 MiB in 1.0 s");
        bars.transfer("nothing new there", -1).close();
        assertThat(terminal.shown()).hasSize(1);
    }

    @Test
    void aSmallWindowHasRoomForWhatItShows() {
        size = new Terminal.Size(4, 30);
        List<RootfsProgress.Transfer> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            all.add(bars.transfer("layer " + i, 4 * MIB));
        }
        later(1000);
        all.get(5).add(MIB);
        bars.tick();
        assertThat(terminal.shown()).hasSize(3).allMatch(line -> line.length() < 30);
        size = new Terminal.Size(1, 7);
        later(1000);
        all.get(5).add(MIB);
        bars.tick();
        assertThat(terminal.shown()).hasSize(1).allMatch(line -> line.length() < 7);
        all.forEach(RootfsProgress.Transfer::close);
        assertThat(terminal.shown()).isEmpty();
    }

    @Test
    void aWindowOfUnknownSizeIsTakenForAnOrdinaryOne() {
        size = new Terminal.Size(0, 0);
        RootfsProgress.Transfer transfer = bars.transfer("layer one", 4 * MIB);
        later(1000);
        transfer.add(MIB);
        bars.tick();
        assertThat(terminal.shown().get(0)).hasSizeBetween(60, 79);
        transfer.close();
    }

    @Test
    void whatAServerSaysCannotMoveTheCursor() {
        bars.say("warning: \u001b[2Jowned\r\n");
        RootfsProgress.Transfer transfer = bars.transfer("layer\u001b[9A\u202e\r", 4);
        later(1000);
        transfer.add(2);
        bars.tick();
        assertThat(terminal.shown()).hasSize(2);
        transfer.add(2);
        transfer.close();
        assertThat(terminal.shown())
                .containsExactly(
                        "vmette: warning: \\x1b[2Jowned\\x0d\\x0a",
                        "vmette: layer\\x1b[9A\\u{202e}\\x0d, 4 B in 1.0 s");
    }

    @Test
    void linesAreSaidAboveTheBars() {
        RootfsProgress.Transfer transfer = bars.transfer("layer one", 4 * MIB);
        later(1000);
        transfer.add(MIB);
        bars.say("waiting for another");
        assertThat(terminal.shown()).hasSize(2).element(0).isEqualTo("vmette: waiting for another");
        transfer.close();
        assertThat(terminal.shown()).containsExactly("vmette: waiting for another");
    }
}
