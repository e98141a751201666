package vmette.rootfs.providers;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Predicate;
import vmette.errors.BadImageException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.linux.LinuxException;
import vmette.rootfs.RootfsRequest;

/**
 * What was fetched from servers, in the cache's directory {@code downloads}: {@code URL-ID.properties} names the digest of what an address had and
 * how to ask whether it still has it, {@code DIGEST} is the content, {@code DIGEST.lock} is held by those who use it. Not thread-safe; safe
 * among threads and processes that have one each.
 */
final class Downloads {
    private static final Duration STALL = Duration.ofSeconds(60);

    private final RootfsRequest request;
    private final Path directory;
    private final Duration stall;
    private final Identity identity;

    /** What tells whether a file is still what it was. */
    interface Identity {
        String of(Path file) throws IOException;
    }

    /** Content that is held in place until it is closed. */
    record Fetched(String sha256, Path file, String identity, CacheLock held) implements AutoCloseable {
        /** Nobody else uses it and nobody will: what was made of it is enough. */
        void discard() {
            held.close();
            remove(file);
        }

        @Override
        public void close() {
            held.close();
        }
    }

    Downloads(RootfsRequest request) {
        this(request, STALL);
    }

    Downloads(RootfsRequest request, Duration stall) {
        this(request, stall, FileIdentity::of);
    }

    Downloads(RootfsRequest request, Duration stall, Identity identity) {
        this.identity = identity;
        this.request = request;
        this.directory = request.cache().resolve("downloads");
        this.stall = stall;
    }

    /**
     * What the address has now; at most one request if that is here already.
     *
     * @param enough of a digest: the content itself is not needed
     */
    Fetched fetch(URI uri, Predicate<String> enough) {
        String id = CacheFiles.sha256(CacheFiles.bytes(uri.toString()));
        try {
            CacheFiles.makeDirectory(directory);
            CacheLock alone = CacheLock.take(directory.resolve(id + ".lock"), true, request.progress());
            try {
                Fetched fetched = locked(uri, id, enough);
                CacheFiles.touch(directory.resolve(id + ".properties"));
                return fetched;
            } finally {
                alone.close();
            }
        } catch (TarFormatException e) {
            throw new BadImageException("will not fetch " + uri + ": " + e.getMessage(), e);
        } catch (LinuxException | IOException | InterruptedException e) {
            Interrupts.check("fetching " + uri, e);
            throw new VmetteIoException(
                    "cannot fetch " + uri + " into " + directory + ": " + Reasons.of(e)
                            + "; check the address, the network and the room on the disk",
                    e);
        }
    }

    private Fetched locked(URI uri, String id, Predicate<String> enough) throws IOException, InterruptedException {
        Path note = directory.resolve(id + ".properties");
        Properties known = CacheFiles.properties(note);
        String digest = known.getProperty("sha256", "");
        boolean here = digest.matches("[0-9a-f]{64}")
                && (Files.isRegularFile(directory.resolve(digest)) || enough.test(digest));
        if (request.offline()) {
            if (!here) {
                throw new VmetteIoException(uri + " is not in the cache (" + directory
                        + "), and the network must not be used; run it once without --offline");
            }
            return hold(digest);
        }
        try {
            Optional<Properties> fetched = transfer(uri, id, here ? validators(known) : HttpTransfer.Validators.NONE);
            if (fetched.isEmpty()) {
                return hold(digest);
            }
            CacheFiles.write(note, fetched.get());
            CacheFiles.syncDirectory(directory);
            String now = fetched.get().getProperty("sha256");
            if (!now.equals(digest) && !digest.isEmpty()) {
                remove(directory.resolve(digest));
            }
            return hold(now);
        } catch (HttpTransfer.RefusedException e) {
            if (!here || e.status < 500) {
                throw e;
            }
            return stale(uri, digest, e);
        } catch (TarFormatException e) {
            throw e;
        } catch (IOException e) {
            if (!here || Thread.currentThread().isInterrupted()) {
                throw e;
            }
            return stale(uri, digest, e);
        }
    }

    private Fetched stale(URI uri, String digest, IOException why) throws IOException, InterruptedException {
        request.progress()
                .say("cannot ask whether " + uri + " has changed (" + why.getMessage()
                        + "); using what was fetched before");
        return hold(digest);
    }

    private Fetched hold(String digest) throws IOException, InterruptedException {
        Path file = directory.resolve(digest);
        CacheLock held = CacheLock.take(lock(file), false, request.progress());
        try {
            return new Fetched(digest, file, Files.exists(file) ? identity.of(file) : "", held);
        } catch (IOException | RuntimeException e) {
            held.close();
            throw e;
        }
    }

    /** What is now in the cache; empty: the server has nothing newer. */
    private Optional<Properties> transfer(URI uri, String id, HttpTransfer.Validators known)
            throws IOException, InterruptedException {
        Path part = directory.resolve(id + ".part");
        try (FileChannel to = FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                var progress = request.progress().transfer(uri.toString(), -1)) {
            Optional<HttpTransfer.Validators> found =
                    new HttpTransfer(uri, to, request.maxBytes(), stall, progress).run(known);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            CacheFiles.sync(part);
            String digest = CacheFiles.sha256(part);
            Files.move(part, directory.resolve(digest), StandardCopyOption.ATOMIC_MOVE);
            Properties note = new Properties();
            note.setProperty("url", uri.toString());
            note.setProperty("etag", found.get().etag());
            note.setProperty("modified", found.get().modified());
            note.setProperty("sha256", digest);
            return Optional.of(note);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static HttpTransfer.Validators validators(Properties known) {
        return new HttpTransfer.Validators(known.getProperty("etag", ""), known.getProperty("modified", ""));
    }

    private static Path lock(Path content) {
        return content.resolveSibling(content.getFileName() + ".lock");
    }

    /** Unless somebody uses it. */
    private static void remove(Path content) {
        try {
            Optional<CacheLock> alone = CacheLock.tryTake(lock(content), true);
            if (alone.isPresent()) {
                try {
                    Files.deleteIfExists(content);
                } finally {
                    alone.get().close();
                }
            }
        } catch (LinuxException | IOException e) {
            // it stays until the cache is pruned
        }
    }
}
