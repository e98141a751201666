package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;

/** Journals are written here as a runtime would that died at the worst moment; the processes are real. */
class ReaperTest {
    private static final String BOOT = BootIdentity.ofThisHost();
    private static final String NAME = "4711-0123456789abcdef.journal";

    @TempDir
    private Path temporary;

    private Path parent;
    private Journal journal;
    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void makeJournal() throws Exception {
        parent = Files.createDirectory(temporary.resolve("parent"), RuntimeBase.PRIVATE);
        journal = Journal.create(parent.resolve(NAME), new JournalRecord.Began(BOOT, 4711, 1, parent + "/4711-0"));
    }

    @AfterEach
    void end() throws Exception {
        journal.abandon();
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    private Process start(String mark, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command);
        if (!mark.isEmpty()) {
            builder.environment().put(SeenProcess.MARK, mark);
        }
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private static String newMark() {
        return UUID.randomUUID() + "-1";
    }

    private Process sleep(String mark) throws Exception {
        return start(mark, "/bin/sleep", "1000");
    }

    private void announce(String mark, String boot) {
        journal.announce(new JournalRecord.Intent(mark, boot, "a helper", "web", "", "/bin/sleep"));
    }

    private void spawned(String mark, String boot, Process process, long later) {
        long start = ProcessIdentity.of(process.pid()).orElseThrow().startTicks() + later;
        journal.append(new JournalRecord.Spawned(mark, boot, process.pid(), start));
    }

    private void reap() {
        reap(SeenProcess::all);
    }

    private void reap(Reaper.Looks looks) {
        new Reaper(parent, BOOT, RuntimeBase.effectiveUser(), new ProcessKiller(true), looks).run();
    }

    private static void assertKilled(Process process) throws Exception {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(137);
    }

    @Test
    void killsWhatWasSpawnedAndNotToldOfAndItsDescendants() throws Exception {
        String told = newMark();
        announce(told, BOOT);
        Process child = sleep(told);
        spawned(told, BOOT, child, 0);

        String untold = newMark();
        announce(untold, BOOT);
        Process between = sleep(untold);

        String gone = newMark();
        announce(gone, BOOT);
        // Its child outlives it.
        Process shell = start(gone, "/bin/sh", "-c", "setsid sleep 1000 >/dev/null & echo $!");
        long orphan = Long.parseLong(shell.inputReader().readLine());
        assertThat(shell.waitFor()).isZero();

        journal.abandon();
        reap();

        assertKilled(child);
        assertKilled(between);
        assertThat(SeenProcess.of(orphan).filter(seen -> !seen.ended())).isEmpty();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void killsByPidAndStartTimeOneThatHasLostItsMark() throws Exception {
        String mark = newMark();
        announce(mark, BOOT);
        Process child = sleep("");
        spawned(mark, BOOT, child, 0);
        journal.abandon();
        reap();
        assertKilled(child);
    }

    /** As the kernel shows a process that is becoming another program: without its mark, for a moment. */
    private static SeenProcess changing(Process process) {
        return new SeenProcess(ProcessIdentity.of(process.pid()).orElseThrow(), false, true, Optional.empty());
    }

    @Test
    void looksAgainWhileOneThatMayBeOursBecomesAnotherProgram() throws Exception {
        String mark = newMark();
        announce(mark, BOOT);
        Process child = sleep(mark);
        journal.abandon();
        AtomicInteger number = new AtomicInteger();
        reap(() -> number.incrementAndGet() <= 3 ? List.of(changing(child)) : SeenProcess.all());
        assertKilled(child);
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void isDoneAfterAWhileThoughSomebodyChangesForEver() throws Exception {
        announce(newMark(), BOOT);
        Process stranger = sleep("");
        journal.abandon();
        reap(() -> List.of(changing(stranger)));
        assertThat(stranger.isAlive()).isTrue();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void sparesBystanders() throws Exception {
        Process recycled = sleep("");
        announce("recycled", BOOT);
        spawned("recycled", BOOT, recycled, 1);
        Process otherBoot = sleep("otherboot");
        announce("otherboot", "another/pid:[1]");
        spawned("otherboot", "another/pid:[1]", otherBoot, 0);
        Process othersChild = sleep("others");
        announce("mine", BOOT);
        spawned("mine", BOOT, othersChild, 0);
        Process almost = sleep("mine2");
        Process ended = sleep("");
        announce("ended", BOOT);
        spawned("ended", BOOT, ended, 0);
        journal.append(new JournalRecord.Ended("ended", 0));
        journal.abandon();

        reap();

        assertThat(parent).isEmptyDirectory();
        assertThat(List.of(recycled, otherBoot, othersChild, almost, ended)).allMatch(Process::isAlive);
    }

    /** As while a child that its owner was about to make is not yet another program. */
    @Test
    void waitsForALockThatOutlivesItsOwner() throws Exception {
        Path left = Files.createFile(temporary.resolve("left.ext4"));
        journal.append(new JournalRecord.FileMade(left.toString()));
        Thread reaper = new Thread(this::reap);
        reaper.start();
        while (reaper.isAlive() && reaper.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertThat(left).exists();
        journal.abandon();
        reaper.join();
        assertThat(left).doesNotExist();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void sparesAllOfALivingRuntime() throws Exception {
        journal.close();
        ProcessIdentity self = ProcessIdentity.ofThisJvm();
        journal = Journal.create(
                parent.resolve(NAME), new JournalRecord.Began(BOOT, self.pid(), self.startTicks(), parent + "/1-0"));
        announce("living", BOOT);
        Process child = sleep("living");
        spawned("living", BOOT, child, 0);
        Path file = Files.createFile(temporary.resolve("scratch"));
        journal.append(new JournalRecord.FileMade(file.toString()));
        reap();
        assertThat(child.isAlive()).isTrue();
        assertThat(file).exists();
        assertThat(journal.file()).exists();
    }

    @Test
    void removesFilesAndOnlyThose() throws Exception {
        Path left = Files.createFile(temporary.resolve("left.ext4"));
        Path directory = Files.createDirectory(temporary.resolve("directory"));
        Path memory = Files.createDirectory(temporary.resolve("vmette-1.memory"));
        Files.createFile(memory.resolve("memory"));
        Path strange = Files.createDirectory(temporary.resolve("vmette-2.memory"));
        Files.createFile(strange.resolve("others"));
        Path target = Files.createFile(temporary.resolve("target"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), target);
        Path gone = Files.createFile(temporary.resolve("gone"));
        for (Path each : List.of(left, directory, memory, strange, link, temporary.resolve("never-made"), gone)) {
            journal.append(new JournalRecord.FileMade(each.toString()));
        }
        journal.append(new JournalRecord.FileMade("relative"));
        journal.append(new JournalRecord.FileMade("/no\0path"));
        journal.append(new JournalRecord.FileGone(gone.toString()));
        journal.abandon();

        reap();

        assertThat(left).doesNotExist();
        assertThat(memory).doesNotExist();
        assertThat(strange.resolve("others")).exists();
        assertThat(List.of(directory, link, target, gone)).allMatch(Files::exists);
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void readsWhatItCanOfADamagedJournal() throws Exception {
        announce("first", BOOT);
        announce("second", BOOT);
        Process first = sleep("first");
        Process second = sleep("second");
        journal.abandon();
        String text = Files.readString(journal.file());
        Files.writeString(journal.file(), text.replace(" first ", " fIrst ") + "torn");
        reap();
        assertKilled(second);
        assertThat(first.isAlive()).isTrue();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void leavesWhatIsNoJournalOfADeadRuntime() throws Exception {
        journal.close();
        Path stranger = Files.createFile(parent.resolve("precious.journal"));
        Path target = Files.createFile(temporary.resolve("target"));
        Path link = Files.createSymbolicLink(parent.resolve(NAME), target);
        Path beingMade = Files.createFile(parent.resolve(".new-0123456789abcdef.journal"));
        Path stale = Files.createFile(parent.resolve(".new-0123456789abcde0.journal"));
        Files.setLastModifiedTime(stale, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        reap();
        assertThat(List.of(stranger, target, beingMade)).allMatch(Files::exists);
        assertThat(link).isSymbolicLink();
        assertThat(stale).doesNotExist();
    }

    @Test
    void ofWhatHappenedTheLatestIsTold() {
        List<Integer> all = IntStream.range(0, 100).boxed().toList();
        assertThat(Reaper.latest(all)).isEqualTo(all.subList(36, 100));
        assertThat(Reaper.latest(all.subList(0, 64))).hasSize(64);
        assertThat(Reaper.latest(all.subList(0, 65))).isEqualTo(all.subList(1, 65));
        assertThat(Reaper.latest(List.of())).isEmpty();
    }
}
