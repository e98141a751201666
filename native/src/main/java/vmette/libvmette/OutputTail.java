package vmette.libvmette;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import vmette.vmm.GuestText;

/** The last of what a process has written: bounded in bytes and lines. Thread-safe. */
final class OutputTail {
    private static final int BYTES = 32 * 1024;
    private static final int LINES = 100;

    private final byte[] ring = new byte[BYTES];
    private long written;

    synchronized void append(byte[] bytes, int length) {
        for (int i = Math.max(0, length - BYTES); i < length; i++) {
            ring[(int) ((written + i) % BYTES)] = bytes[i];
        }
        written += length;
    }

    /** Oldest first, printable, without empty ones; a line not ended yet is the last. */
    List<String> lines() {
        List<String> lines = Stream.of(text().split("\n", -1))
                .map(line -> line.endsWith("\r") ? line.substring(0, line.length() - 1) : line)
                .filter(line -> !line.isEmpty())
                .toList();
        return lines.subList(Math.max(0, lines.size() - LINES), lines.size()).stream()
                .map(GuestText::printable)
                .toList();
    }

    private synchronized String text() {
        int length = (int) Math.min(written, BYTES);
        int end = (int) (written % BYTES);
        byte[] last = new byte[length];
        if (length < BYTES) {
            System.arraycopy(ring, 0, last, 0, length);
        } else {
            System.arraycopy(ring, end, last, 0, BYTES - end);
            System.arraycopy(ring, 0, last, BYTES - end, end);
        }
        String text = new String(last, StandardCharsets.UTF_8);
        // The first line of a full ring has lost its beginning.
        int first = written > BYTES ? text.indexOf('\n') + 1 : 0;
        return text.substring(first);
    }
}
