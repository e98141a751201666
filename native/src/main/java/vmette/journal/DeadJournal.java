package vmette.journal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/** The journal of a runtime that died, locked by whoever clears up after it. */
public final class DeadJournal implements AutoCloseable {
    private static final int MAX_BYTES = 64 << 20;
    /** Holds a journal's first line, whose fields are a host's boot, two numbers and a path. */
    private static final int HEAD_BYTES = 32 << 10;

    private final Path file;
    private final OwnedFd lock;
    private final Ledger ledger;
    private final int damaged;

    private DeadJournal(Path file, OwnedFd lock, JournalCodec.Decoded read) {
        this.file = file;
        this.lock = lock;
        this.ledger = Ledger.of(read.entries());
        this.damaged = read.damaged();
    }

    /**
     * Takes it, if its owner is dead and nobody else has taken it.
     *
     * @return owned by the caller, who closes it
     * @throws IOException if it cannot be read
     */
    public static Optional<DeadJournal> take(Path file) throws IOException {
        Optional<OwnedFd> lock;
        try {
            lock = LockFile.tryLock(file, true);
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (lock.isEmpty()) {
            return Optional.empty();
        }
        try {
            Path opened = Path.of("/proc/self/fd", Integer.toString(lock.get().fd()));
            // A living owner may just have put a new file, which it had locked, in the place of the one we have locked.
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS) || !Files.isSameFile(opened, file)) {
                lock.get().close();
                return Optional.empty();
            }
            try (InputStream content = Files.newInputStream(opened)) {
                return Optional.of(
                        new DeadJournal(file, lock.get(), JournalCodec.decode(content.readNBytes(MAX_BYTES))));
            }
        } catch (IOException | RuntimeException e) {
            lock.get().close();
            throw e;
        }
    }

    /**
     * Who has a journal, dead or alive, as its head tells.
     *
     * @throws IOException if it is not there, or cannot be read
     */
    public static Optional<JournalRecord.Began> owner(Path file) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            return Ledger.of(JournalCodec.decode(content.readNBytes(HEAD_BYTES)).entries())
                    .began()
                    .map(entry -> (JournalRecord.Began) entry.record());
        }
    }

    /** What it tells of. */
    public Ledger ledger() {
        return ledger;
    }

    /** How many lines could not be read; one, the last, is usual for a host that went down. */
    public int damaged() {
        return damaged;
    }

    /** There is nothing any more of what it tells of. */
    public void remove() throws IOException {
        Files.deleteIfExists(file);
    }

    /** Lets it go. Idempotent. */
    @Override
    public void close() {
        lock.close();
    }
}
