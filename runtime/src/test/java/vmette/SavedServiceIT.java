package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Sink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.config.fleet.Service;
import vmette.config.fleet.VmPlan;

/** A VM's service goes on across a save and across a recovery from a checkpoint, and its log with it. */
class SavedServiceIT {
    private static final String COUNTER = "i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done";
    private static final Pattern MARK = Pattern.compile("--- incarnation 2, [^\n]*\n");

    @TempDir
    private Path temporary;

    private RuntimeSettings settings;
    private Vmette vmette;

    @BeforeEach
    void open() {
        settings = Faults.settings(
                "vmette { snapshot.dir = \"" + temporary + "\", recovery.backoff { min = 1ms, max = 1ms } }");
        vmette = Vmette.create(settings);
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    private VmHandle launch(SnapshotSpec snapshots) {
        return await(vmette.launch(new VmPlan(
                "counting",
                VmSpec.builder()
                        .name("counting")
                        .memoryMib(128)
                        .snapshots(snapshots)
                        .build(),
                settings.recovery().withMode(RestartMode.PERMANENT),
                Optional.empty(),
                Optional.of(Service.shell(COUNTER)))));
    }

    private String log(VmHandle vm) {
        return await(Guests.text(vmette, vm.log().last(Integer.MAX_VALUE)));
    }

    /** Waits until it has written so many lines more. */
    private void more(VmHandle vm, int lines) {
        await(vm.log()
                .follow(0)
                .scan(
                        0L,
                        (count, bytes) -> count
                                + bytes.utf8String()
                                        .chars()
                                        .filter(c -> c == '\n')
                                        .count())
                .filter(count -> count >= lines)
                .runWith(Sink.head(), vmette.system()));
    }

    private static List<Long> numbers(String log) {
        return Stream.of(log.split("\n")).map(Long::valueOf).toList();
    }

    private static void assertCountsOn(List<Long> numbers) {
        for (int i = 1; i < numbers.size(); i++) {
            assertThat(numbers.get(i)).as("after %s", numbers.subList(0, i)).isEqualTo(numbers.get(i - 1) + 1);
        }
    }

    @Test
    void itGoesOnAfterASave() {
        VmHandle vm = launch(SnapshotSpec.NONE);
        for (int i = 0; i < 3; i++) {
            more(vm, 10);
            await(vm.snapshot("s" + i));
        }
        more(vm, 10);
        List<Long> numbers = numbers(log(vm));
        assertThat(numbers).hasSizeGreaterThan(30).startsWith(0L);
        assertCountsOn(numbers);
        assertThat(vm.incarnation()).isEqualTo(1);
    }

    @Test
    void itGoesOnFromACheckpoint() {
        VmHandle vm = launch(SnapshotSpec.builder()
                .checkpointInterval(Duration.ofSeconds(1))
                .checkpointKeep(2)
                .build());
        Faults.until("a checkpoint", () -> temporary.toFile().list().length > 0);
        more(vm, 10);
        List<Long> before = numbers(log(vm));
        Faults.emulator(vm).destroyForcibly();
        Faults.awaitIncarnationAfter(1, vm);
        more(vm, 10);
        String[] incarnations = MARK.split(log(vm));
        assertThat(incarnations).hasSize(2);
        List<Long> after = numbers(incarnations[1]);
        // From what it had counted to when it was saved, which is not from the beginning.
        assertThat(after.get(0)).isPositive().isLessThanOrEqualTo(before.get(before.size() - 1) + 1);
        assertCountsOn(after);
    }
}
