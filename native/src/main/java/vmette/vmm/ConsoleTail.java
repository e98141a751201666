package vmette.vmm;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * The last lines of what a process writes. The guest decides what that is: memory is bounded by lines, characters a line
 * and characters in all, and whatever could move a reader's cursor is escaped.
 *
 * <p>A line that is too long keeps its beginning, where it says what it is about, is marked as cut, and takes no other line's place: a reader of a failure
 * misses the end of one line and not the lines before it. That holds for the line that is being written, too.
 *
 * <p>Thread-safe: one writes, any read.
 */
public final class ConsoleTail {
    static final int MAX_LINE_CHARS = GuestText.MAX_CHARS;

    private final int maxLines;
    private final int maxChars;
    private final Deque<String> lines = new ArrayDeque<>();
    private int chars;
    private final byte[] partial = new byte[MAX_LINE_CHARS];
    private int partialLength;
    private boolean cut;

    /**
     * An empty one.
     *
     * @param maxLines how many ended lines are kept
     * @param maxChars how many characters they have together
     */
    public ConsoleTail(int maxLines, int maxChars) {
        this.maxLines = maxLines;
        this.maxChars = maxChars;
    }

    /** Adds the first so many of these bytes. */
    public synchronized void append(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            byte b = bytes[i];
            if (b == '\n') {
                endLine();
            } else if (partialLength < partial.length) {
                partial[partialLength++] = b;
            } else {
                cut = true;
            }
        }
    }

    /** Oldest first, without empty ones; a line not ended yet is the last. */
    public synchronized List<String> lines() {
        List<String> all = new ArrayList<>(lines);
        String begun = text();
        if (!begun.isEmpty()) {
            all.add(begun);
        }
        return List.copyOf(all);
    }

    private void endLine() {
        String line = text();
        partialLength = 0;
        cut = false;
        if (line.isEmpty()) {
            return;
        }
        lines.addLast(line);
        chars += line.length();
        while (lines.size() > maxLines || chars > maxChars) {
            chars -= lines.removeFirst().length();
        }
    }

    private String text() {
        int end = partialLength;
        while (!cut && end > 0 && partial[end - 1] == '\r') {
            end--;
        }
        String raw = new String(Arrays.copyOf(partial, end), StandardCharsets.UTF_8);
        return GuestText.printable(raw, cut);
    }
}
