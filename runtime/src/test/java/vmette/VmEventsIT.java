package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEvent;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.events.VmState;
import vmette.events.VmStatus;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;

/** What is told of a real VM that fails and recovers, and what the journal of its living runtime has of it. */
class VmEventsIT {
    @TempDir
    private Path directory;

    private List<JournalRecord.VmEvent> journal() throws IOException {
        Path file;
        try (Stream<Path> all = Files.walk(directory)) {
            file = all.filter(each -> each.toString().endsWith(".journal"))
                    .findFirst()
                    .orElseThrow();
        }
        return Journal.read(file).stream()
                .filter(entry -> entry.record() instanceof JournalRecord.VmEvent)
                .map(entry -> (JournalRecord.VmEvent) entry.record())
                .toList();
    }

    private static VmEvent next(SinkQueueWithCancel<VmEvent> events, List<VmEvent> all) {
        Optional<VmEvent> event = await(events.pull());
        event.ifPresent(all::add);
        return event.orElseThrow();
    }

    @Test
    void aRecoveryIsToldCountedAndJournalled() throws Exception {
        RuntimeSettings settings = RuntimeSettings.from(
                ConfigFactory.parseString("vmette { recovery.mode = transient, runtime-dir = \"" + directory + "\" }")
                        .withFallback(ConfigFactory.load()));
        try (Vmette vmette = Vmette.create(settings)) {
            List<VmEvent> all = new ArrayList<>();
            SinkQueueWithCancel<VmEvent> events = vmette.events().runWith(Sink.queue(), vmette.system());
            VmHandle vm = await(
                    vmette.launch(VmSpec.builder().name("probe").memoryMib(128).build()));
            assertThat(vmette.find("probe")).contains(vm);
            vm.exec("echo c > /proc/sysrq-trigger; sleep 1000");
            while (!(next(events, all) instanceof VmEvent.Failed)) {}
            while (!(next(events, all) instanceof VmEvent.BecameReady)) {}
            VmStatus status = vmette.vms().get(0);
            assertThat(status.state()).isEqualTo(VmState.READY);
            assertThat(status.incarnation()).isEqualTo(2);
            assertThat(status.recoveries()).isEqualTo(1);
            await(vm.stop());
            while (!(next(events, all) instanceof VmEvent.Ended)) {}
            assertThat(all)
                    .extracting(event -> event.getClass().getSimpleName())
                    .containsExactly(
                            "Launched", "Began", "BecameReady", "Failed", "Began", "BecameReady", "Stopping", "Ended");
            long end = System.nanoTime() + Guests.DEADLINE_SECONDS * 1_000_000_000L;
            while (journal().size() < all.size() && System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            assertThat(journal())
                    .extracting(event -> event.incarnation() + " " + event.kind())
                    .containsExactly(
                            "0 LAUNCHED",
                            "1 BEGAN",
                            "1 READY",
                            "1 FAILED",
                            "2 BEGAN",
                            "2 READY",
                            "2 STOPPING",
                            "2 ENDED");
            assertThat(journal().get(3).detail())
                    .isEqualTo(((VmEvent.Failed) all.get(3)).failure().line());
        }
    }
}
