package vmette.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineProgressTest {
    private final List<String> lines = new ArrayList<>();
    private final RootfsProgress progress = RootfsProgress.lines(lines::add);

    @Test
    void aShortTransferIsOneLineAndALongOneElevenAtMost() {
        try (RootfsProgress.Transfer small = progress.transfer("layer one", 3 << 20)) {
            small.add(3 << 20);
        }
        assertThat(lines).containsExactly("layer one, 3 MiB");
        lines.clear();
        try (RootfsProgress.Transfer large = progress.transfer("layer two", 320 << 20)) {
            for (int i = 0; i < 320; i++) {
                large.add(1 << 20);
            }
        }
        assertThat(lines).hasSize(11).startsWith("layer two, 320 MiB", "layer two: 32 of 320 MiB");
        lines.clear();
        try (RootfsProgress.Transfer unknown = progress.transfer("an address", -1)) {
            unknown.add(1 << 30);
        }
        assertThat(lines).containsExactly("an address");
    }

    @Test
    void whatAServerSaysIsMadePrintable() {
        progress.say("warning: \u001b[2J");
        progress.transfer("a\nb", -1).close();
        assertThat(lines).containsExactly("warning: \\x1b[2J", "a\\x0ab");
    }
}
