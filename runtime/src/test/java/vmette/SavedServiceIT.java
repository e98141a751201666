package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Sink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    private static final Pattern GAP = Pattern.compile("--- (\\d+) bytes are missing[^\n]*\n");
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

    /**
     * The log is what a counter writes from a number on. Bytes that were in the device when the VM was saved are lost, and said to be: exactly so many.
     *
     * @return the number that comes next
     */
    private static long assertCountsOn(String log, long first) {
        StringBuilder whole = new StringBuilder();
        for (long i = first; whole.length() < 2 * log.length() + (1 << 18); i++) {
            whole.append(i).append('\n');
        }
        int at = 0;
        int from = 0;
        Matcher gap = GAP.matcher(log);
        while (gap.find()) {
            String text = log.substring(from, gap.start());
            // A mark has a line of its own.
            String bare = whole.substring(at).startsWith(text) ? text : text.substring(0, text.length() - 1);
            assertThat(whole.substring(at, at + bare.length())).isEqualTo(bare);
            at += bare.length() + Integer.parseInt(gap.group(1));
            from = gap.end();
        }
        String text = log.substring(from);
        assertThat(whole.substring(at, at + text.length())).isEqualTo(text);
        return first
                + whole.substring(0, at + text.length())
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    @Test
    void itGoesOnAfterASave() {
        VmHandle vm = launch(SnapshotSpec.NONE);
        for (int i = 0; i < 3; i++) {
            more(vm, 10);
            await(vm.snapshot("s" + i));
        }
        more(vm, 10);
        assertThat(assertCountsOn(log(vm), 0)).isGreaterThan(30);
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
        long before = assertCountsOn(log(vm), 0);
        Faults.emulator(vm).destroyForcibly();
        Faults.awaitIncarnationAfter(1, vm);
        more(vm, 10);
        String[] incarnations = MARK.split(log(vm));
        assertThat(incarnations).hasSize(2);
        // It may begin within a line.
        String after = incarnations[1].substring(incarnations[1].indexOf('\n') + 1);
        long first = Long.parseLong(after.substring(0, after.indexOf('\n')));
        // From what it had counted to when it was saved, which is not from the beginning.
        assertThat(first).isPositive().isLessThanOrEqualTo(before + 1);
        assertThat(assertCountsOn(after, first)).isGreaterThan(first);
    }
}
