package vmette.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.journal.DeadJournal;
import vmette.journal.JournalEntry;
import vmette.journal.JournalNames;
import vmette.journal.JournalRecord;
import vmette.journal.MadeFile;
import vmette.journal.OwnedChild;

/** Ends what the journals of dead runtimes tell of, and removes the journals; safe beside others that start, run and reap. */
final class Reaper {
    private static final Logger log = LoggerFactory.getLogger(Reaper.class);
    private static final Duration UNFINISHED_AGE = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration LONGEST = PATIENCE.multipliedBy(12);
    private static final int ROUNDS = 20;
    private static final long ROUND_MILLIS = 5;
    /** How much of what happened before a runtime died goes into the log of the next. */
    private static final int MOST_TOLD = 64;

    private final Path parent;
    private final String boot;
    private final long uid;
    private final ProcessKiller killer;
    private final Looks looks;

    /** How processes are looked at. */
    interface Looks {
        List<SeenProcess> all() throws IOException;
    }

    Reaper(Path parent, String boot, long uid, ProcessKiller killer) {
        this(parent, boot, uid, killer, SeenProcess::all);
    }

    Reaper(Path parent, String boot, long uid, ProcessKiller killer, Looks looks) {
        this.looks = looks;
        this.parent = parent;
        this.boot = boot;
        this.uid = uid;
        this.killer = killer;
    }

    void run() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(parent, "*.journal")) {
            for (Path file : files) {
                look(file);
            }
        } catch (IOException e) {
            log.warn("cannot look for journals in {}: {}", parent, e.toString());
        }
    }

    private void look(Path file) {
        String name = file.getFileName().toString();
        try {
            if (!isOurs(file)) {
                return;
            }
            if (JournalNames.FINISHED.matcher(name).matches()) {
                Optional<DeadJournal> taken = take(file);
                if (taken.isPresent()) {
                    try (DeadJournal dead = taken.get()) {
                        reap(dead, name);
                    }
                }
            } else if (JournalNames.UNFINISHED.matcher(name).matches() && isOld(file)) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException gone) {
            // By another's reaper, or its owner's close.
        } catch (IOException e) {
            log.warn("cannot clear up after the journal {}: {}; the next runtime tries again", file, e.toString());
        }
    }

    /**
     * A child that the owner was just about to make has the owner's lock until it becomes another program, and outlives it by that: who is dead for certain will
     * not have it much longer. So does another reaper, which takes the journal away with it.
     */
    private Optional<DeadJournal> take(Path file) throws IOException {
        Optional<DeadJournal> taken = DeadJournal.take(file);
        if (taken.isPresent() || !isOwnerDead(file)) {
            return taken;
        }
        long begun = System.nanoTime();
        while (taken.isEmpty() && Files.exists(file) && System.nanoTime() - begun < PATIENCE.toNanos()) {
            if (!pause()) {
                return Optional.empty();
            }
            taken = DeadJournal.take(file);
        }
        return taken;
    }

    private boolean isOwnerDead(Path file) throws IOException {
        return DeadJournal.owner(file)
                .filter(owner -> owner.boot().equals(boot))
                .filter(owner -> SeenProcess.of(owner.pid())
                        .filter(seen -> !seen.ended() && seen.identity().startTicks() == owner.startTicks())
                        .isEmpty())
                .isPresent();
    }

    /** False: interrupted. */
    private static boolean pause() {
        try {
            Thread.sleep(ROUND_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void reap(DeadJournal dead, String name) throws IOException {
        tell(dead, name);
        if (!endProcesses(dead.ledger().children())) {
            log.warn("processes of {} do not die; the next runtime tries again", name);
            return;
        }
        for (String path : dead.ledger().files()) {
            removeFile(path);
        }
        dead.remove();
    }

    private static void tell(DeadJournal dead, String name) {
        Optional<JournalEntry> began = dead.ledger().began();
        if (began.isPresent() && began.get().record() instanceof JournalRecord.Began owner) {
            String damage = dead.damaged() == 0 ? "" : "; lines of its journal that cannot be read: " + dead.damaged();
            log.info("the runtime {}, process {}, died{}", owner.directory(), owner.pid(), damage);
        } else {
            log.info("the runtime of the journal {} died; lines that cannot be read: {}", name, dead.damaged());
        }
        List<JournalEntry> events = dead.ledger().events();
        if (events.size() > MOST_TOLD) {
            log.info("of {} things that happened to its VMs the last {}:", events.size(), MOST_TOLD);
        }
        for (JournalEntry event : latest(events)) {
            if (event.record() instanceof JournalRecord.VmEvent vm) {
                log.info(
                        "at {} its VM {}, incarnation {}: {} {}",
                        event.at(),
                        vm.vm(),
                        vm.incarnation(),
                        vm.kind(),
                        vm.detail());
            }
        }
    }

    /** As many as are told. */
    static <T> List<T> latest(List<T> all) {
        return all.subList(Math.max(0, all.size() - MOST_TOLD), all.size());
    }

    /**
     * Until a look at all processes finds none: one that is about to be killed may fork, and one that is just becoming another program cannot be told from a
     * stranger. Whoever stays like that to the end is none of ours. On a loaded host a single look may take longer than the patience, which counts from the last that found
     * somebody new.
     */
    private boolean endProcesses(List<OwnedChild> children) throws IOException {
        List<OwnedChild> ours =
                children.stream().filter(child -> child.boot().equals(boot)).toList();
        if (ours.isEmpty()) {
            return true;
        }
        long begun = System.nanoTime();
        long progress = begun;
        int since = 0;
        int known = 0;
        Set<ProcessIdentity> told = new HashSet<>();
        Look look = endThoseThatLive(ours, told);
        while (look != Look.NONE) {
            long now = System.nanoTime();
            if (told.size() > known) {
                known = told.size();
                progress = now;
                since = 0;
            }
            if ((since >= ROUNDS && now - progress > PATIENCE.toNanos()) || now - begun > LONGEST.toNanos()) {
                return look == Look.UNCERTAIN;
            }
            since++;
            if (!pause()) {
                return false;
            }
            look = endThoseThatLive(ours, told);
        }
        return true;
    }

    private enum Look {
        NONE,
        /** None of ours was seen, but somebody who may be. */
        UNCERTAIN,
        SOME
    }

    private Look endThoseThatLive(List<OwnedChild> children, Set<ProcessIdentity> told) throws IOException {
        Look look = Look.NONE;
        for (SeenProcess seen : looks.all()) {
            if (seen.changing() && look == Look.NONE) {
                look = Look.UNCERTAIN;
            }
            for (OwnedChild child : children) {
                if (ReapingVerdict.of(child, boot, seen).isOurs()
                        && killer.kill(
                                seen.identity().pid(),
                                again -> again.identity().equals(seen.identity())
                                        && ReapingVerdict.of(child, boot, again).isOurs())) {
                    look = Look.SOME;
                    if (told.add(seen.identity())) {
                        log.info(
                                "killed process {}, {}, left by a runtime that died",
                                seen.identity().pid(),
                                child.what());
                    }
                }
            }
        }
        return look;
    }

    private void removeFile(String path) {
        try {
            Path file = Path.of(path);
            if (file.isAbsolute() && isOurs(file) && MadeFile.remove(file)) {
                log.info("removed the file {}, left by a runtime that died", file);
            }
        } catch (NoSuchFileException gone) {
            // As wished.
        } catch (IOException | InvalidPathException e) {
            log.warn("cannot remove the file {}, left by a runtime that died: {}", path, e.toString());
        }
    }

    private boolean isOurs(Path file) throws IOException {
        return MadeFile.isThere(file) && RuntimeBase.owner(file) == uid;
    }

    private static boolean isOld(Path file) throws IOException {
        Instant touched =
                Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
        return touched.isBefore(Instant.now().minus(UNFINISHED_AGE));
    }
}
