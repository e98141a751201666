package vmette.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;

class JournalTest {
    private static final JournalRecord.Began OWNER = new JournalRecord.Began("boot", 7, 8, "/run/7-1");

    private static final Instant AT = Instant.ofEpochMilli(1_234_567);

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("7-0123456789abcdef.journal");
    }

    private static JournalRecord.Intent intent(String mark) {
        return new JournalRecord.Intent(mark, "boot", "monitor", "web", "/run/7-1/web-1", "/bin/qemu");
    }

    private DeadJournal take() throws Exception {
        return DeadJournal.take(file).orElseThrow();
    }

    @Test
    void whatAWriteThatFailedHasLeftOfALineIsOverwritten() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        journal.event(AT, "web", 1, VmEventKind.BEGAN, "");
        Files.writeString(file, "half a line ".repeat(100), StandardOpenOption.APPEND);
        journal.event(AT, "web", 1, VmEventKind.READY, "");
        journal.abandon();
        try (DeadJournal dead = take()) {
            assertThat(dead.damaged()).isZero();
            assertThat(dead.ledger().events()).hasSize(2);
        }
    }

    @Test
    void tellsWhatIsLeftAndNothingThatEnded() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        journal.announce(intent("ended"));
        journal.append(new JournalRecord.Spawned("ended", "boot", 1, 2));
        journal.append(new JournalRecord.Ended("ended", 0));
        journal.announce(intent("announced"));
        journal.announce(intent("lives"));
        JournalRecord.Spawned lives = new JournalRecord.Spawned("lives", "boot", 3, 4);
        journal.append(lives);
        journal.append(new JournalRecord.FileMade("/gone"));
        journal.append(new JournalRecord.FileMade("/left"));
        journal.append(new JournalRecord.FileGone("/gone"));
        journal.event(AT, "web", 1, VmEventKind.FAILED, "a panic");
        journal.abandon();
        journal.append(new JournalRecord.FileMade("/too late"));

        try (DeadJournal dead = take()) {
            String what = "monitor (/bin/qemu, VM web, /run/7-1/web-1)";
            assertThat(dead.ledger().children())
                    .containsExactly(
                            new OwnedChild("announced", "boot", what, Optional.empty()),
                            new OwnedChild("lives", "boot", what, Optional.of(lives)));
            assertThat(dead.ledger().files()).containsExactly("/left");
            assertThat(dead.ledger().events())
                    .extracting(JournalEntry::record)
                    .containsExactly(new JournalRecord.VmEvent("web", 1, VmEventKind.FAILED, "a panic"));
            assertThat(dead.ledger().began().orElseThrow().record()).isEqualTo(OWNER);
            assertThat(dead.damaged()).isZero();
            dead.remove();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void isPrivateAndGoneAfterClose() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        journal.close();
        journal.close();
        journal.announce(intent("late"));
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatItsOwnerForgotGoesWithIt() throws Exception {
        Path made = directory.resolve("made");
        Path gone = directory.resolve("gone");
        try (Journal journal = Journal.create(file, OWNER)) {
            for (Path each : List.of(made, gone)) {
                journal.append(new JournalRecord.FileMade(each.toString()));
                Files.createFile(each);
            }
            journal.append(new JournalRecord.FileGone(gone.toString()));
        }
        assertThat(directory).isDirectoryContaining(left -> left.equals(gone)).isNotEmptyDirectory();
        assertThat(made).doesNotExist();
    }

    @Test
    void onlyOneTakesADeadOne() throws Exception {
        Journal.create(file, OWNER).abandon();
        try (DeadJournal first = take()) {
            assertThat(DeadJournal.take(file)).isEmpty();
            first.remove();
        }
        try (DeadJournal vanished = take()) {
            assertThat(vanished.ledger().children()).isEmpty();
        }
    }

    @Test
    void staysSmallAndIsNeverFoundUnlocked() throws Exception {
        try (Journal journal = Journal.create(file, OWNER, 2000, 1000)) {
            journal.announce(intent("lives"));
            CompletableFuture<Integer> taken = CompletableFuture.supplyAsync(() -> {
                int times = 0;
                try {
                    for (int i = 0; i < 3000; i++) {
                        Optional<DeadJournal> dead = DeadJournal.take(file);
                        times += dead.isPresent() ? 1 : 0;
                        dead.ifPresent(DeadJournal::close);
                    }
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                return times;
            });
            long rewrites = 0;
            Object inode = Files.getAttribute(file, "unix:ino");
            for (int i = 0; i < 2000 || !taken.isDone(); i++) {
                journal.append(new JournalRecord.FileMade("/file"));
                journal.append(new JournalRecord.FileGone("/file"));
                journal.event(AT, "web", i, VmEventKind.READY, "");
                assertThat(Files.size(file)).isLessThan(16_000);
                Object now = Files.getAttribute(file, "unix:ino");
                rewrites += now.equals(inode) ? 0 : 1;
                inode = now;
            }
            assertThat(taken.get(60, TimeUnit.SECONDS)).isZero();
            assertThat(rewrites).isPositive();
            assertThat(directory.toFile().list())
                    .containsExactly(file.getFileName().toString());
            journal.abandon();
        }
        try (DeadJournal dead = take()) {
            assertThat(dead.ledger().children()).extracting(OwnedChild::mark).containsExactly("lives");
            List<Long> last = dead.ledger().events().stream()
                    .map(event -> ((JournalRecord.VmEvent) event.record()).incarnation())
                    .toList();
            assertThat(last).hasSizeGreaterThan(20).doesNotHaveDuplicates().isSorted();
            assertThat(last.get(last.size() - 1) - last.get(0)).isEqualTo(last.size() - 1);
        }
    }

    @Test
    void whatHappenedStaysWhenTheFileIsRewritten() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        Object inode = Files.getAttribute(file, "unix:ino");
        String detail = "a failure of the usual length, with what follows it: cold boot at once";
        for (int i = 0; i < 3000; i++) {
            journal.append(new JournalRecord.FileMade("/file"));
            journal.event(AT, "web-" + i, i, VmEventKind.FAILED, detail);
            journal.append(new JournalRecord.FileGone("/file"));
        }
        assertThat(Files.getAttribute(file, "unix:ino")).isNotEqualTo(inode);
        List<JournalEntry> entries = Journal.read(file);
        assertThat(entries.stream().filter(entry -> entry.record() instanceof JournalRecord.VmEvent))
                .hasSize(3000)
                .allSatisfy(entry -> assertThat(entry.at()).isEqualTo(AT));
        assertThat(entries.stream().filter(entry -> entry.record() instanceof JournalRecord.Began))
                .hasSize(1);
        journal.close();
        assertThatThrownBy(() -> Journal.read(file)).isInstanceOf(IOException.class);
    }

    @Test
    void anInterruptedWriterWrites() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        Thread.currentThread().interrupt();
        journal.announce(intent("mark"));
        assertThat(Thread.interrupted()).isTrue();
        journal.append(new JournalRecord.FileMade("/left"));
        journal.abandon();
        try (DeadJournal dead = take()) {
            assertThat(dead.ledger().children()).hasSize(1);
            assertThat(dead.ledger().files()).hasSize(1);
        }
    }

    @Test
    void aTornEndIsTold() throws Exception {
        Journal journal = Journal.create(file, OWNER);
        journal.announce(intent("mark"));
        journal.abandon();
        Files.writeString(file, "01234567 99 inte", StandardOpenOption.APPEND);
        try (DeadJournal dead = take()) {
            assertThat(dead.damaged()).isEqualTo(1);
            assertThat(dead.ledger().children()).hasSize(1);
        }
    }

    @Test
    void noPlaceForItIsAnErrorThatNamesIt() {
        Path nowhere = directory.resolve("absent/7-0123456789abcdef.journal");
        assertThatThrownBy(() -> Journal.create(nowhere, OWNER))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("absent");
    }
}
