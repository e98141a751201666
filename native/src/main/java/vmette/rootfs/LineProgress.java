package vmette.rootfs;

import java.util.function.Consumer;
import vmette.vmm.GuestText;

/** Tells of transfers by lines: one when it begins, and one for each tenth of a long one. */
final class LineProgress implements RootfsProgress {
    private static final long LONG = 32L << 20;

    private final Consumer<String> lines;

    LineProgress(Consumer<String> lines) {
        this.lines = lines;
    }

    @Override
    public void say(String line) {
        lines.accept(GuestText.printable(line));
    }

    @Override
    public Transfer transfer(String what, long totalBytes) {
        say(totalBytes < 0 ? what : what + ", " + mib(totalBytes) + " MiB");
        return new Transfer() {
            private long come;
            private long tenths;

            @Override
            public synchronized void add(long bytes) {
                come += bytes;
                if (totalBytes >= LONG && come * 10 / totalBytes > tenths) {
                    tenths = come * 10 / totalBytes;
                    say(what + ": " + mib(come) + " of " + mib(totalBytes) + " MiB");
                }
            }

            @Override
            public void close() {}
        };
    }

    private static long mib(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
