package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.out;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEvent;
import vmette.config.RuntimeSettings;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.machine.QemuMachines;
import vmette.recovery.Rung;
import vmette.rootfs.RootfsProgress;

/** Real VMs whose QEMU is killed come back from snapshots that their supervisors have taken. {@code -Dvmette.full=true}: a hundred times in a row. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SnapshotRecoveryIT {
    private static final int KILLS = Boolean.getBoolean("vmette.full") ? 100 : 3;

    @TempDir
    private Path temporary;

    private final BlockingQueue<VmEvent> events = new LinkedBlockingQueue<>();
    private Vmette vmette;

    @BeforeEach
    void open() {
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.parseString("vmette { snapshot.dir = \""
                        + temporary
                        + "/snapshots\", recovery { mode = permanent, max-restarts = 100, stable-after = 0s,"
                        + " backoff { min = 1ms, max = 1ms } } }")
                .withFallback(ConfigFactory.load()));
        vmette = Vmette.create(
                settings,
                new QemuMachines(settings, RootfsProgress.NONE, () -> RootfsProviders.all(settings)),
                events::add);
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    private static VmSpec spec(SnapshotSpec snapshots) {
        return VmSpec.builder().name("kept").memoryMib(160).snapshots(snapshots).build();
    }

    private VmEvent next(Predicate<VmEvent> wanted) throws InterruptedException {
        for (; ; ) {
            VmEvent event = events.poll(Guests.DEADLINE_SECONDS, TimeUnit.SECONDS);
            assertThat(event).as("an event").isNotNull();
            if (wanted.test(event)) {
                return event;
            }
        }
    }

    private VmEvent.Began killed(VmHandle vm) throws InterruptedException {
        Faults.emulator(vm).destroyForcibly();
        VmEvent.Began began = (VmEvent.Began) next(VmEvent.Began.class::isInstance);
        next(VmEvent.BecameReady.class::isInstance);
        return began;
    }

    @Test
    void fromTheGoldenSnapshotAgainAndAgain() throws InterruptedException {
        VmHandle vm = await(vmette.launch(spec(SnapshotSpec.builder()
                .golden(true)
                .warmUp("echo warm > /tmp/warm; touch /tmp/first")
                .build())));
        next(VmEvent.BecameReady.class::isInstance);
        for (int i = 0; i < KILLS; i++) {
            out(vmette, vm, "cat /tmp/warm; rm /tmp/first");
            VmEvent.Began began = killed(vm);
            assertThat(began.from().rung()).isEqualTo(Rung.GOLDEN);
        }
        assertThat(out(vmette, vm, "cat /tmp/warm; ls /tmp/first; hostname")).isEqualTo("warm\n/tmp/first\nkept\n");
        await(vm.stop());
        assertThat(temporary.resolve("snapshots").toFile().list())
                .hasSize(1)
                .allMatch(name -> name.startsWith("golden-"));
    }

    @Test
    void fromTheLastCheckpoint() throws InterruptedException {
        VmHandle vm = await(vmette.launch(spec(SnapshotSpec.builder()
                .checkpointInterval(Duration.ofSeconds(1))
                .checkpointKeep(2)
                .build())));
        out(vmette, vm, "echo one > /tmp/word");
        // The one after the next began after that was written.
        next(VmEvent.Saved.class::isInstance);
        next(VmEvent.Saved.class::isInstance);
        next(VmEvent.Saved.class::isInstance);
        Faults.until(
                "only so many as are kept",
                () -> temporary.resolve("snapshots").toFile().list().length == 2);
        VmEvent.Began began = killed(vm);
        assertThat(began.from().rung()).isEqualTo(Rung.LAST_GOOD);
        // No checkpoint is taken meanwhile: it would take the command's output from us.
        assertThat(out(vmette, vm, "sleep 4; cat /tmp/word")).isEqualTo("one\n");
        await(vm.stop());
        vmette.close();
        assertThat(List.of(temporary.resolve("snapshots").toFile().list())).isEmpty();
    }
}
