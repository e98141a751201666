package vmette.cli;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import vmette.vmm.GuestText;

/** Takes what a guest has written: as it is, or for a terminal line by line with what could move its cursor escaped. */
final class LogPrinter extends OutputStream {
    private static final int LONGEST = 4096;
    /** No character becomes longer than this when it is escaped. */
    private static final int ESCAPED = 10;

    private final OutputStream out;
    private final boolean escapes;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LogPrinter(OutputStream out, boolean escapes) {
        this.out = out;
        this.escapes = escapes;
    }

    static LogPrinter ofProcess() {
        return new LogPrinter(new FileOutputStream(FileDescriptor.out), RawTerminal.isOutput());
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (!escapes) {
            out.write(bytes, offset, length);
            return;
        }
        for (int at = offset; at < offset + length; at++) {
            if (bytes[at] == '\n') {
                endLine();
            } else {
                line.write(bytes[at]);
                if (line.size() == LONGEST) {
                    put("");
                }
            }
        }
        out.flush();
    }

    private void endLine() throws IOException {
        put(System.lineSeparator());
    }

    private void put(String end) throws IOException {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (text.endsWith("\r")) {
            text = text.substring(0, text.length() - 1);
        }
        StringBuilder shown = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int to = Math.min(text.length(), at + GuestText.MAX_CHARS / ESCAPED);
            shown.append(GuestText.printable(text.substring(at, to)));
            at = to;
        }
        out.write(shown.append(end).toString().getBytes(StandardCharsets.UTF_8));
    }

    /** What stands on a line that has not ended is shown, too. */
    @Override
    public void close() throws IOException {
        if (line.size() > 0) {
            endLine();
        }
        out.flush();
    }
}
