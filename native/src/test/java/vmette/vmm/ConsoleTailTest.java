package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class ConsoleTailTest {
    private static void feed(ConsoleTail tail, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        tail.append(bytes, bytes.length);
    }

    @Example
    void keepsTheLastLinesAndTheOneNotEnded() {
        ConsoleTail tail = new ConsoleTail(2, 1000);
        feed(tail, "one\r\ntwo\n\n\nthr");
        feed(tail, "ee\nfour");
        assertThat(tail.lines()).containsExactly("two", "three", "four");
    }

    @Example
    void cutsLongLinesAndGoesOnWithTheNext() {
        ConsoleTail tail = new ConsoleTail(10, 100_000);
        feed(tail, "x".repeat(5_000_000) + "\nnext\n");
        assertThat(tail.lines()).containsExactly("x".repeat(1000) + "...", "next");
    }

    /** What is said before and after it is still there, and nobody takes its middle for its beginning. */
    @Example
    void cutsALineThatNeverEndsLikewise() {
        ConsoleTail tail = new ConsoleTail(10, 32 * 1024);
        feed(tail, "cannot open the disk\nreading: " + "x".repeat(200_000));
        feed(tail, "y".repeat(10));
        List<String> read = List.of("cannot open the disk", "reading: " + "x".repeat(991) + "...");
        assertThat(tail.lines()).isEqualTo(read);
        feed(tail, "\n" + "z".repeat(40_000) + "\nend\n");
        assertThat(tail.lines()).startsWith(read.toArray(String[]::new)).endsWith("z".repeat(1000) + "...", "end");
    }

    @Example
    void aLineOfWhichThereIsOnlyItsEndIsNone() {
        ConsoleTail tail = new ConsoleTail(10, 1000);
        assertThat(tail.lines()).isEmpty();
        feed(tail, "one\r\n\r");
        assertThat(tail.lines()).containsExactly("one");
        feed(tail, "\ntwo\r");
        assertThat(tail.lines()).containsExactly("one", "two");
    }

    @Example
    void theLastOfMuchIsKeptInWholeLines() {
        ConsoleTail tail = new ConsoleTail(100, 32 * 1024);
        for (int i = 0; i < 10_000; i++) {
            feed(tail, "line " + i + "\n");
        }
        assertThat(tail.lines()).hasSize(100).startsWith("line 9900").endsWith("line 9999");
    }

    @Example
    void boundsAllLinesTogether() {
        ConsoleTail tail = new ConsoleTail(1000, 25);
        feed(tail, "0123456789\n".repeat(100));
        assertThat(tail.lines()).containsExactly("0123456789", "0123456789");
    }

    @Example
    void escapesWhatMovesACursor() {
        Map<String, String> shownFor = Map.of(
                "\u001b[2Jx", "\\x1b[2Jx",
                "a\rb", "a\\x0db",
                "tab\there", "tab\there",
                "\u202Eevil", "\\u{202e}evil",
                "\u009Bm", "\\x9bm",
                "grün 火", "grün 火");
        shownFor.forEach((written, shown) -> {
            ConsoleTail tail = new ConsoleTail(10, 1000);
            feed(tail, written + "\n");
            assertThat(tail.lines()).containsExactly(shown);
        });
    }

    @Property(tries = 200)
    void anyBytesStayWithinBoundsAndPrintable(@ForAll @Size(max = 50) List<byte[]> chunks) {
        ConsoleTail tail = new ConsoleTail(5, 3000);
        chunks.forEach(chunk -> tail.append(chunk, chunk.length));
        List<String> lines = tail.lines();
        assertThat(lines.size()).isLessThanOrEqualTo(6);
        assertThat(lines).allSatisfy(line -> {
            assertThat(line.length()).isLessThanOrEqualTo(ConsoleTail.MAX_LINE_CHARS + 3);
            assertThat(line.chars()).noneMatch(c -> Character.isISOControl(c) && c != '\t');
        });
    }
}
