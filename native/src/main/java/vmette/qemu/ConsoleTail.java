package vmette.qemu;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import vmette.vmm.GuestText;

/**
 * The last lines of what a process writes. The guest decides what that is: memory is bounded by lines, characters a line
 * and characters in all, and whatever could move a reader's cursor is escaped.
 *
 * <p>Thread-safe: one writes, any read.
 */
final class ConsoleTail {
    static final int MAX_LINE_CHARS = GuestText.MAX_CHARS;

    private final int maxLines;
    private final int maxChars;
    private final Deque<String> lines = new ArrayDeque<>();
    private int chars;
    private final byte[] partial = new byte[MAX_LINE_CHARS];
    private int partialLength;
    private boolean cut;

    ConsoleTail(int maxLines, int maxChars) {
        this.maxLines = maxLines;
        this.maxChars = maxChars;
    }

    synchronized void append(byte[] bytes, int length) {
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

    /** Oldest first; a line not ended yet is the last. */
    synchronized List<String> lines() {
        List<String> all = new ArrayList<>(lines);
        if (partialLength > 0) {
            all.add(text());
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
