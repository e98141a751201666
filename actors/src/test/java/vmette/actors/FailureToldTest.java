package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.MDC;
import org.slf4j.WorkingMdc;
import vmette.config.VmSpec;
import vmette.events.JournalWriter;
import vmette.events.VmEvents;
import vmette.journal.Journal;
import vmette.journal.JournalEntry;
import vmette.journal.JournalRecord;
import vmette.journal.VmEventKind;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** One failure, told to the caller, in the events, in the log and in the journal: it is the same everywhere. */
class FailureToldTest extends VmFixture {
    private final VmEvents events = new VmEvents(16);
    private final BlockingQueue<VmFailure> told = new LinkedBlockingQueue<>();
    private final LogLines log = new LogLines();
    private final PrintStream err = System.err;

    @TempDir
    private Path directory;

    private Journal journal;
    private JournalWriter writer;

    /** Lines of the log, and the VM that the MDC named when each was written. */
    private static final class LogLines extends PrintStream {
        record Line(String text, Optional<String> vm) {}

        private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>();

        LogLines() {
            super(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        }

        @Override
        public void println(String line) {
            lines.add(new Line(line, Optional.ofNullable(MDC.get(VmMdc.VM))));
        }

        Line with(String text) {
            Line[] found = new Line[1];
            Await.until("a line with " + text, () -> {
                found[0] = lines.stream()
                        .filter(line -> line.text().contains(text))
                        .findFirst()
                        .orElse(null);
                return found[0] != null;
            });
            return found[0];
        }
    }

    @BeforeEach
    void listen() {
        WorkingMdc.install();
        System.setErr(log);
        journal = Journal.create(
                directory.resolve("7-0123456789abcdef.journal"), new JournalRecord.Began("boot", 7, 8, "/run/7-1"));
        writer = new JournalWriter(CompletableFuture.completedStage(journal));
        events.listen(writer);
        events.listen(event -> {
            if (event instanceof VmEvent.Failed failed) {
                told.add(failed.failure());
            }
        });
    }

    @AfterEach
    void letGo() {
        System.setErr(err);
        journal.close();
    }

    private List<String> journalled() throws Exception {
        writer.close();
        return Journal.read(journal.file()).stream()
                .map(JournalEntry::record)
                .filter(JournalRecord.VmEvent.class::isInstance)
                .map(JournalRecord.VmEvent.class::cast)
                .filter(event -> event.kind() == VmEventKind.FAILED)
                .map(JournalRecord.VmEvent::detail)
                .toList();
    }

    @Test
    void theOneThatEndsAVm() throws Exception {
        launch(VmSpec.builder().build(), Supervision.by(RecoveryPolicy.giveUp()).withEvents(events::publish));
        machines.next().exit(VmmExit.Reason.CRASHED, 137, "it broke");
        VmFailure callers = failure();
        assertThat(told).containsExactly(callers);
        assertThat(log.with("it broke"))
                .satisfies(line -> assertThat(line.text()).endsWith(callers.line()))
                .satisfies(line -> assertThat(line.vm()).contains(NAME));
        assertThat(journalled()).containsExactly(callers.line());
    }

    @Test
    void theOneThatAVmRecoversFrom() throws Exception {
        launch(VmSpec.builder().build(), Supervision.by(restart()).withEvents(events::publish));
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        Await.value(vm.ready());
        first.exit(VmmExit.Reason.CRASHED, 137, "it broke");
        VmFailure failure = Await.next(told, "failure");
        FakeAgent.boot(machines.next());
        assertThat(log.with("it broke"))
                .satisfies(line -> assertThat(line.text()).contains("WARN").endsWith(failure.line()))
                .satisfies(line -> assertThat(line.vm()).contains(NAME));
        assertThat(journalled()).containsExactly(failure.line());
    }
}
