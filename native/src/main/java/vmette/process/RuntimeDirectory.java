package vmette.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmetteIoException;
import vmette.journal.Journal;
import vmette.journal.JournalNames;
import vmette.journal.JournalRecord;

/**
 * The private directory (mode 0700) of one runtime: {@code <base>/vmette-<uid>/<pid>-<random>}, with a directory in it
 * for each VM. {@code <base>} is a setting, else {@code $XDG_RUNTIME_DIR}, else {@code /tmp}.
 *
 * <p>A lock on {@code lock} in it, held until {@link #close}, tells other runtimes that its owner lives. Opening one
 * removes those of this user whose owner is dead.
 *
 * <p>Thread-safe. The methods touch the file system and nothing slower.
 */
public final class RuntimeDirectory implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RuntimeDirectory.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int HINT_CHARS = 12;
    private static final int SEQUENCE_CHARS = 11;
    // PID_MAX_LIMIT of the kernel has seven digits.
    private static final int NAME_CHARS = 7 + 1 + 16;
    private static final int VM_NAME_CHARS = HINT_CHARS + 1 + SEQUENCE_CHARS;

    /** The longest file name of a Unix socket in a VM's directory, as {@code vhost.sock}: 10 bytes. */
    public static final int SOCKET_NAME_BYTES = 10;

    private final Path path;
    private final FileChannel lock;
    private final Journal journal;
    private final String boot;
    private final String mark = String.format("%016x%016x", RANDOM.nextLong(), RANDOM.nextLong());
    private final AtomicLong marks = new AtomicLong();
    private final AtomicLong sequence = new AtomicLong();
    private final AtomicBoolean closed = new AtomicBoolean();

    private RuntimeDirectory(Path path, FileChannel lock, Journal journal, String boot) {
        this.path = path;
        this.lock = lock;
        this.journal = journal;
        this.boot = boot;
    }

    /**
     * Makes the directory of this runtime, and its journal; ends the processes of dead ones and removes their files.
     *
     * @param setting the value of {@code vmette.runtime-dir}: an existing directory, or empty for the usual places
     * @throws vmette.errors.InvalidConfigException if the setting names something unusable: missing, open to others, or
     *     so long that a socket's path would pass the system's 107 bytes
     * @throws VmetteIoException if there is no usable place
     */
    public static RuntimeDirectory open(String setting) {
        return open(setting, System.getenv(), Path.of("/tmp"));
    }

    static RuntimeDirectory open(String setting, Map<String, String> environment, Path fallback) {
        long uid = RuntimeBase.effectiveUser();
        ProcessIdentity self = ProcessIdentity.ofThisJvm();
        String owner = self.pid() + " " + self.startTicks();
        String random = String.format("%016x", RANDOM.nextLong());
        String name = self.pid() + "-" + random;
        int bytesBelow = 1 + name.length() + 1 + VM_NAME_CHARS + 1 + SOCKET_NAME_BYTES;
        Path parent = new RuntimeBase(environment, fallback, uid, bytesBelow).choose(setting);
        String boot = BootIdentity.ofThisHost();
        JournalRecord.Began began = new JournalRecord.Began(
                boot, self.pid(), self.startTicks(), parent.resolve(name).toString());
        RuntimeDirectory directory = create(parent, name, ".new-" + random, owner, began);
        new Reaper(parent, boot, uid, new ProcessKiller(true)).run();
        new DirectorySweep(parent, owner, uid).run();
        return directory;
    }

    // Locked before it gets the name under which a sweep would look at it; the lock is on the inode and goes along.
    private static RuntimeDirectory create(
            Path parent, String name, String unfinishedName, String owner, JournalRecord.Began began) {
        Path unfinished = parent.resolve(unfinishedName);
        try {
            Files.createDirectory(unfinished, RuntimeBase.PRIVATE);
            Files.writeString(unfinished.resolve(DirectorySweep.OWNER), owner);
            FileChannel lock = FileChannel.open(
                    unfinished.resolve(DirectorySweep.LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try {
                lock.lock();
                Path finished = parent.resolve(name);
                Files.move(unfinished, finished);
                return new RuntimeDirectory(
                        finished, lock, Journal.create(JournalNames.of(finished), began), began.boot());
            } catch (IOException | VmetteIoException e) {
                lock.close();
                FileTrees.remove(parent.resolve(name));
                throw e;
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make a runtime directory in " + parent + ": " + e.getMessage()
                            + "; free space there or set " + RuntimeBase.SETTING,
                    e);
        }
    }

    /**
     * The directories of all runtimes of this user that use this setting, dead ones that nobody has swept yet included.
     *
     * @param setting as for {@link #open(String)}
     */
    public static List<Path> all(String setting) {
        int bytesBelow = 1 + NAME_CHARS + 1 + VM_NAME_CHARS + 1 + SOCKET_NAME_BYTES;
        return in(new RuntimeBase(System.getenv(), Path.of("/tmp"), RuntimeBase.effectiveUser(), bytesBelow)
                .choose(setting));
    }

    /** The directories of the other runtimes of this user; those that were dead when this one was opened have been swept. */
    public List<Path> others() {
        return in(path.getParent()).stream()
                .filter(other -> !other.equals(path))
                .toList();
    }

    private static List<Path> in(Path parent) {
        try (Stream<Path> found = Files.list(parent)) {
            return found.filter(each -> DirectorySweep.FINISHED
                            .matcher(each.getFileName().toString())
                            .matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new VmetteIoException("cannot look for runtimes in " + parent + ": " + e.getMessage(), e);
        }
    }

    /** Whether this process is root's. */
    public static boolean isRoot() {
        return RuntimeBase.effectiveUser() == 0;
    }

    /** Where it is: absolute, without links. */
    public Path path() {
        return path;
    }

    /**
     * Makes a private directory (mode 0700) for one incarnation of a VM. Its path is short enough for sockets with
     * names of up to {@link #SOCKET_NAME_BYTES}.
     *
     * @param hint a name for people, of which letters, digits and dashes are kept, 12 at most
     * @throws VmetteIoException if the file system refuses
     */
    public Path createVmDirectory(String hint) {
        String kept = hint.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9-]", "");
        if (kept.isEmpty()) {
            kept = "vm";
        }
        kept = kept.substring(0, Math.min(kept.length(), HINT_CHARS));
        Path directory = path.resolve(kept + "-" + Long.toString(sequence.incrementAndGet(), Character.MAX_RADIX));
        if (closed.get()) {
            throw new IllegalStateException("the runtime directory " + path + " is closed");
        }
        try {
            return Files.createDirectory(directory, RuntimeBase.PRIVATE);
        } catch (IOException e) {
            throw new VmetteIoException("cannot make the VM directory " + directory + ": " + e.getMessage(), e);
        }
    }

    /**
     * Removes a VM's directory and all in it; links are not followed. One that is gone is no error.
     *
     * @param directory what {@link #createVmDirectory} returned
     * @throws VmetteIoException if something in it cannot be removed
     */
    public void removeVmDirectory(Path directory) {
        if (!path.equals(directory.getParent())) {
            throw new IllegalArgumentException(directory + " is no VM directory of " + path);
        }
        try {
            FileTrees.remove(directory);
        } catch (IOException e) {
            throw new VmetteIoException("cannot remove the VM directory " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Where what is made and happens is written down, for whoever comes after a sudden death. */
    public Journal journal() {
        return journal;
    }

    /** 128 random bits, with which the marks of all children begin. */
    String mark() {
        return mark;
    }

    /** What a child and its descendants have in their environment, and nobody else. */
    String newChildMark() {
        return mark + "-" + marks.incrementAndGet();
    }

    /** In which pids mean something. */
    String boot() {
        return boot;
    }

    /** Removes the directory with all VM directories, and the journal; gives up the lock. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            journal.close();
            try {
                FileTrees.remove(path);
            } catch (IOException e) {
                log.warn("cannot remove the runtime directory {}: {}; the next runtime will try", path, e.toString());
            }
            unlock();
        }
    }

    /** Gives up the lock and leaves the removal to somebody else, once: whoever sees it unlocked may remove it. */
    void abandon() {
        if (closed.compareAndSet(false, true)) {
            journal.abandon();
            unlock();
        }
    }

    private void unlock() {
        try {
            lock.close();
        } catch (IOException e) {
            log.warn("cannot close the lock of {}: {}", path, e.toString());
        }
    }
}
