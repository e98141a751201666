package vmette.journal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmetteIoException;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/**
 * The journal of a living runtime. A file system that refuses to take a record is no reason to refuse a VM: it is logged once, and what
 * is not written the other guards have to catch.
 *
 * <p>Thread-safe. Writes go to the page cache, which outlives this process; only {@link #announce} waits for the disk.
 */
public final class Journal implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Journal.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final long COMPACT_BYTES = 64 << 10;
    /** How much of what happened to VMs is kept when the file is rewritten, in bytes of its lines. */
    static final int EVENT_BYTES = 8 << 20;

    private static final int MAX_READ = 4 * EVENT_BYTES;

    private final Path file;
    private final Ledger ledger = new Ledger();
    private final long compactBytes;
    private final int eventBytes;
    private OwnedFd lock;
    // Not a FileChannel, which an interrupt of whoever writes would close.
    private RandomAccessFile content;
    private long length;
    private long compactAt;
    private boolean closed;
    private boolean complained;

    private Journal(Path file, long compactBytes, int eventBytes) {
        this.file = file;
        this.eventBytes = eventBytes;
        this.compactBytes = compactBytes;
    }

    /**
     * Makes one, locked from the moment it can be seen under its name.
     *
     * @param file where there is none yet, in a private directory
     * @param owner who has it
     * @throws VmetteIoException if the file system refuses
     */
    public static Journal create(Path file, JournalRecord.Began owner) {
        return create(file, owner, COMPACT_BYTES, EVENT_BYTES);
    }

    static Journal create(Path file, JournalRecord.Began owner, long compactBytes, int eventBytes) {
        Journal journal = new Journal(file, compactBytes, eventBytes);
        journal.ledger.add(new JournalEntry(Instant.now(), owner));
        try {
            journal.rewrite();
        } catch (IOException | LinuxException e) {
            throw new VmetteIoException("cannot make the journal " + file + ": " + e.getMessage(), e);
        }
        return journal;
    }

    /** Where it is. */
    public Path file() {
        return file;
    }

    /** Adds the announcement of a child and waits until it is on the disk. */
    public synchronized void announce(JournalRecord.Intent intent) {
        append(intent);
        if (!closed) {
            try {
                content.getFD().sync();
            } catch (IOException e) {
                complain(e);
            }
        }
    }

    /** Adds a record. */
    public void append(JournalRecord record) {
        append(new JournalEntry(Instant.now(), record));
    }

    private synchronized void append(JournalEntry entry) {
        if (closed) {
            return;
        }
        // What happened is in the file alone: it may be much, and nobody asks a living journal.
        if (!(entry.record() instanceof JournalRecord.VmEvent)) {
            ledger.add(entry);
        }
        try {
            // What a failure has left of a line before.
            content.setLength(length);
            content.seek(length);
            byte[] line = JournalCodec.encode(entry);
            content.write(line);
            length += line.length;
            if (length > compactAt) {
                compactAt = 2 * length;
                rewrite();
            }
        } catch (IOException | LinuxException e) {
            complain(e);
        }
    }

    /**
     * Adds what happened to a VM. When the file is rewritten the last 8 MiB of this are kept, which is some 50,000 events.
     *
     * @param at when it happened
     * @param incarnation its number
     * @param detail the cause, or empty
     */
    public void event(Instant at, String vm, long incarnation, VmEventKind kind, String detail) {
        append(new JournalEntry(at, new JournalRecord.VmEvent(vm, incarnation, kind, detail)));
    }

    /**
     * What can be read of a journal, whoever has it.
     *
     * @throws IOException if it is not there, or cannot be read
     */
    public static List<JournalEntry> read(Path file) throws IOException {
        return JournalCodec.decode(Files.readAllBytes(file)).entries();
    }

    private byte[] events() throws IOException {
        if (lock == null) {
            return new byte[0];
        }
        byte[] last = new byte[(int) Math.min(length, MAX_READ)];
        content.seek(length - last.length);
        content.readFully(last);
        return JournalCodec.lastEvents(last, eventBytes);
    }

    /** The new file is locked before it takes the name, the old one let go after that: no reaper finds the name's file unlocked. */
    private void rewrite() throws IOException {
        Path unfinished = file.resolveSibling(JournalNames.unfinished(RANDOM.nextLong()));
        OwnedFd newLock = LockFile.tryLock(unfinished, true)
                .orElseThrow(() -> new IOException(unfinished + " is locked by somebody else"));
        RandomAccessFile written = null;
        long bytes;
        try {
            ByteArrayOutputStream lines = new ByteArrayOutputStream();
            lines.writeBytes(events());
            ledger.entries().forEach(entry -> lines.writeBytes(JournalCodec.encode(entry)));
            written = new RandomAccessFile(unfinished.toFile(), "rw");
            written.write(lines.toByteArray());
            bytes = lines.size();
            if (lock != null) {
                // Announcements that had been synced.
                written.getFD().sync();
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(unfinished);
            if (written != null) {
                written.close();
            }
            newLock.close();
            throw e;
        }
        letGo();
        lock = newLock;
        content = written;
        length = bytes;
        compactAt = Math.max(compactBytes, 2 * bytes);
    }

    private void complain(Exception e) {
        if (!complained) {
            complained = true;
            log.warn(
                    "the journal {} cannot be written ({}): if this JVM and its janitor are killed, not all of what it has will be found",
                    file,
                    e.getMessage());
        }
    }

    private void letGo() throws IOException {
        if (lock == null) {
            return;
        }
        try {
            content.close();
        } finally {
            lock.close();
        }
    }

    /** Its owner has nothing any more: removes the files that it tells of as made and not as gone, and then it. Idempotent. */
    @Override
    public synchronized void close() {
        end(true);
    }

    /** Leaves it, and all that it tells of, to the next runtime. Idempotent. */
    public synchronized void abandon() {
        end(false);
    }

    private void end(boolean remove) {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (remove) {
                ledger.files().forEach(Journal::remove);
                Files.deleteIfExists(file);
            }
            letGo();
        } catch (IOException e) {
            log.warn("cannot close the journal {}: {}; the next runtime will remove it", file, e.toString());
        }
    }

    private static void remove(String left) {
        try {
            MadeFile.remove(Path.of(left));
        } catch (IOException e) {
            log.warn("cannot remove the file {}: {}", left, e.toString());
        }
    }
}
