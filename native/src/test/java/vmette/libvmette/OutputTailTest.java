package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class OutputTailTest {
    private final OutputTail tail = new OutputTail();

    private void write(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        tail.append(bytes, bytes.length);
    }

    @Test
    void linesAreCutWhereTheyEndAndMadePrintable() {
        assertThat(tail.lines()).isEmpty();
        write("one\r\n\ntw");
        write("o\u001b[2J\nlast");
        assertThat(tail.lines()).containsExactly("one", "two\\x1b[2J", "last");
    }

    @Test
    void theLastOfMuchIsKeptInWholeLines() {
        for (int i = 0; i < 10_000; i++) {
            write("line " + i + "\n");
        }
        assertThat(tail.lines()).hasSize(100).startsWith("line 9900").endsWith("line 9999");
    }

    @Test
    void whatNeverEndsIsCut() {
        write("x".repeat(200_000));
        write("y".repeat(10));
        assertThat(tail.lines()).hasSize(1).allSatisfy(line -> assertThat(line).hasSizeLessThan(1_010));
        write("\n" + "z".repeat(40_000) + "\nend\n");
        assertThat(tail.lines()).containsExactly("end");
    }
}
