package vmette.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import vmette.errors.VmBusyException;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;
import vmette.rootfs.CacheUse;

/** Removes what nobody needs from a cache, while others may use it. */
public final class CachePruner {
    private static final long POLL_MILLIS = 20;

    /**
     * What came of it.
     *
     * @param removed or, of a dry run, what would be
     * @param inUse what stays because somebody uses it
     */
    public record Result(List<CacheItem> removed, List<CacheItem> inUse) {
        /** The bytes of what was removed. */
        public long freed() {
            return removed.stream().mapToLong(CacheItem::bytes).sum();
        }
    }

    private CachePruner() {}

    /**
     * Removes what {@link PruneRules#choose} says.
     *
     * @param age see there
     * @param dryRun nothing is removed
     * @param patience how long those are waited for who are fetching or making something, of which anything could be a part
     * @throws VmBusyException if they are not done by then
     * @throws IOException if something cannot be looked at or removed
     */
    public static Result prune(Path cache, Optional<Duration> age, boolean dryRun, Duration patience)
            throws IOException {
        if (!Files.isDirectory(cache)) {
            return new Result(List.of(), List.of());
        }
        Optional<OwnedFd> alone = dryRun ? Optional.empty() : Optional.of(alone(cache, patience));
        try {
            List<CacheItem> all = CacheScan.of(cache);
            List<CacheItem> removed = new ArrayList<>();
            List<CacheItem> inUse = new ArrayList<>(all.stream()
                    .filter(item -> item.state() == CacheItem.State.IN_USE)
                    .toList());
            for (CacheItem item : PruneRules.choose(all, Instant.now(), age)) {
                (dryRun || remove(item) ? removed : inUse).add(item);
            }
            return new Result(List.copyOf(removed), List.copyOf(inUse));
        } finally {
            alone.ifPresent(OwnedFd::close);
        }
    }

    private static OwnedFd alone(Path cache, Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (true) {
                Optional<OwnedFd> alone = CacheUse.alone(cache);
                if (alone.isPresent()) {
                    return alone.get();
                }
                if (System.nanoTime() > deadline) {
                    throw new VmBusyException(
                            "others are fetching or making what their VMs boot from, so nothing is removed from "
                                    + cache + "; try again when they are done");
                }
                Thread.sleep(POLL_MILLIS);
            }
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** False: somebody has it. */
    private static boolean remove(CacheItem item) throws IOException {
        Optional<OwnedFd> held = Optional.empty();
        if (item.lock().isPresent()) {
            try {
                held = LockFile.tryLock(item.lock().get(), true);
            } catch (LinuxException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (held.isEmpty()) {
                return false;
            }
        }
        try {
            for (Path file : item.files()) {
                remove(file);
            }
            // Two files of one name would be two locks; but nobody can be waiting for it now.
            if (item.lock().isPresent()) {
                Files.deleteIfExists(item.lock().get());
            }
            return true;
        } finally {
            held.ifPresent(OwnedFd::close);
        }
    }

    private static void remove(Path path) throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
            return;
        }
        // Half of it must not be taken for the whole; the next fetch removes what has such a name.
        Path aside = path.resolveSibling(".fetch-pruned-" + UUID.randomUUID());
        try {
            Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
            List<Path> tree;
            try (Stream<Path> found = Files.walk(aside)) {
                tree = found.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path each : tree) {
                Files.deleteIfExists(each);
            }
        } catch (NoSuchFileException gone) {
            // As wished.
        }
    }
}
