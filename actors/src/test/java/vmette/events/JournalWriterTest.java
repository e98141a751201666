package vmette.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.journal.Journal;
import vmette.journal.JournalEntry;
import vmette.journal.JournalRecord;
import vmette.journal.VmEventKind;
import vmette.machine.SaveReport;
import vmette.recovery.Decision;
import vmette.stream.Await;

/** What happens to VMs is in the journal, and nobody who tells it waits for that. */
class JournalWriterTest {
    @TempDir
    private Path directory;

    private final CompletableFuture<Journal> made = new CompletableFuture<>();

    private Journal journal() {
        return Journal.create(
                directory.resolve("7-0123456789abcdef.journal"), new JournalRecord.Began("boot", 7, 8, "/run/7-1"));
    }

    private static List<JournalRecord.VmEvent> events(Journal journal) throws Exception {
        return Journal.read(journal.file()).stream()
                .map(JournalEntry::record)
                .filter(JournalRecord.VmEvent.class::isInstance)
                .map(JournalRecord.VmEvent.class::cast)
                .toList();
    }

    @Test
    void whatHappenedBeforeThereWasOneIsInItTooAndAllInOrder() throws Exception {
        JournalWriter writer = new JournalWriter(made);
        VmEvent.Failed failed =
                Told.failed("web", 1, 3, Told.PANIC, new Decision.RestartCold(Duration.ofMillis(700), List.of()));
        writer.accept(Told.launched("web", 1));
        writer.accept(Told.began("web", 1, 2));
        try (Journal journal = journal()) {
            made.complete(journal);
            writer.accept(failed);
            writer.accept(new VmEvent.Missed(3, Told.at(3)));
            writer.accept(Told.ended("web", 1, 4, VmEnd.How.TIMED_OUT));
            writer.close();
            assertThat(events(journal))
                    .containsExactly(
                            new JournalRecord.VmEvent("web", 0, VmEventKind.LAUNCHED, ""),
                            new JournalRecord.VmEvent("web", 1, VmEventKind.BEGAN, "booted"),
                            new JournalRecord.VmEvent(
                                    "web",
                                    1,
                                    VmEventKind.FAILED,
                                    failed.failure().line()),
                            new JournalRecord.VmEvent("web", 1, VmEventKind.ENDED, "timed out"));
            assertThat(Journal.read(journal.file()).stream().map(JournalEntry::at))
                    .contains(Told.at(1), Told.at(2), Told.at(3), Told.at(4));
        }
    }

    @Test
    void whatHasNoWordOfItsOwnIsSaid() {
        assertThat(JournalWriter.detail(new VmEvent.Passivated(
                        "web", 1, Told.at(1), new SaveReport("/p", Duration.ZERO, 1), Duration.ZERO)))
                .isEqualTo("passive, saved as /p");
        assertThat(JournalWriter.detail(new VmEvent.NotPassivated("web", 1, Told.at(1), "a share")))
                .isEqualTo("not passivated: a share");
        assertThat(JournalWriter.detail(
                        new VmEvent.Woken("web", 2, Told.at(1), "a command", Duration.ZERO, Duration.ZERO)))
                .isEqualTo("woken by a command");
    }

    @Test
    void aJournalThatIsHeldUpHoldsNobodyUp() throws Exception {
        JournalWriter writer = new JournalWriter(made);
        try (Journal journal = journal()) {
            made.complete(journal);
            // As an announcement does that waits for the disk.
            synchronized (journal) {
                for (int i = 1; i <= 500; i++) {
                    writer.accept(Told.began("web", i, i));
                }
                assertThat(events(journal)).isEmpty();
            }
            writer.close();
            assertThat(events(journal)).hasSize(500);
        }
    }

    @Test
    void whatCannotBeToldKeepsNothingElseOut() throws Exception {
        JournalWriter writer = new JournalWriter(made);
        VmFailure.Cause untold = new VmFailure.Internal(new IllegalStateException() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw new StackOverflowError("a message without end");
            }
        });
        writer.accept(Told.failed("web", 1, 1, untold, new Decision.RestartCold(Duration.ZERO, List.of())));
        writer.accept(Told.began("web", 2, 2));
        try (Journal journal = journal()) {
            made.complete(journal);
            writer.accept(Told.began("web", 3, 3));
            writer.close();
            assertThat(events(journal))
                    .containsExactly(
                            new JournalRecord.VmEvent("web", 2, VmEventKind.BEGAN, "booted"),
                            new JournalRecord.VmEvent("web", 3, VmEventKind.BEGAN, "booted"));
        }
    }

    @Test
    void whatIsBeyondItsBoundIsCounted() throws Exception {
        JournalWriter writer = new JournalWriter(made, 10);
        for (int i = 1; i <= 25; i++) {
            writer.accept(Told.began("web", i, i));
        }
        try (Journal journal = journal()) {
            made.complete(journal);
            Await.until("what was missed is told", () -> {
                try {
                    return events(journal).size() == 11;
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(events(journal).get(10))
                    .isEqualTo(new JournalRecord.VmEvent("", 0, VmEventKind.MISSED, "15 events"));
            writer.close();
        }
    }
}
