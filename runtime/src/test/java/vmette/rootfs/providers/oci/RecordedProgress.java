package vmette.rootfs.providers.oci;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import vmette.rootfs.RootfsProgress;

/** What was told. */
final class RecordedProgress implements RootfsProgress {
    final List<String> lines = new CopyOnWriteArrayList<>();
    /** How much of each transfer has come, against how much it was to be. */
    final Map<String, AtomicLong> transfers = new ConcurrentHashMap<>();

    final AtomicInteger open = new AtomicInteger();

    @Override
    public void say(String line) {
        lines.add(line);
    }

    @Override
    public Transfer transfer(String what, long totalBytes) {
        AtomicLong left = new AtomicLong(totalBytes);
        transfers.put(what, left);
        open.incrementAndGet();
        return new Transfer() {
            @Override
            public void add(long bytes) {
                left.addAndGet(-bytes);
            }

            @Override
            public void close() {
                open.decrementAndGet();
            }
        };
    }
}
