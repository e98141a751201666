package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.out;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEvent;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.RuntimeSettings;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.errors.RestoreFailedException;
import vmette.machine.QemuMachines;
import vmette.recovery.Rung;
import vmette.rootfs.RootfsProgress;
import vmette.snapshot.BundleStore;
import vmette.snapshot.MachineIdentity;

/** Golden snapshots that another kernel or another QEMU has left: VMs are booted, and a snapshot of this one takes their place. */
class ForeignGoldenIT {
    private static final String WARM_UP = "echo x >> /tmp/runs";

    @TempDir
    private Path temporary;

    private final Queue<VmEvent> events = new ConcurrentLinkedQueue<>();
    private Vmette vmette;

    @BeforeEach
    void open() {
        vmette = create();
    }

    private Vmette create() {
        return create("permanent");
    }

    private Vmette create(String recovery) {
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.parseString("vmette { snapshot.dir = \""
                        + temporary
                        + "/snapshots\", recovery { mode = " + recovery + ", max-restarts = 100, stable-after = 0s,"
                        + " backoff { min = 1ms, max = 1ms } } }")
                .withFallback(ConfigFactory.load()));
        return Vmette.create(
                settings,
                new QemuMachines(settings, RootfsProgress.NONE, () -> RootfsProviders.all(settings)),
                events::add);
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private <T extends VmEvent> List<T> all(Class<T> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private List<Rung> begun() {
        return all(VmEvent.Began.class).stream()
                .map(began -> began.from().rung())
                .toList();
    }

    /** The one that there is. */
    private Path golden() {
        String[] names = temporary.resolve("snapshots").toFile().list();
        assertThat(names).hasSize(1).allMatch(name -> name.startsWith("golden-"));
        return temporary.resolve("snapshots").resolve(names[0]);
    }

    private String version() {
        Path golden = golden();
        return BundleStore.open(golden.getParent())
                .open(golden.getFileName().toString())
                .manifest()
                .machine()
                .vmmVersion();
    }

    private static VmSpec kept() {
        return VmSpec.builder()
                .name("kept")
                .memoryMib(160)
                .snapshots(SnapshotSpec.builder().golden(true).warmUp(WARM_UP).build())
                .build();
    }

    private Object inode() throws IOException {
        return Files.readAttributes(golden(), "unix:ino").get("ino");
    }

    @Test
    void aVmIsNeverRestoredFromItAndHasAnotherTaken() throws Exception {
        await(await(vmette.launch(kept())).stop());
        String version = version();
        ForeignBundles.replace(golden(), ForeignBundles::ofOtherQemu);
        events.clear();

        VmHandle vm = await(vmette.launch(kept()));
        assertThat(all(VmEvent.ForeignGolden.class)).singleElement().satisfies(event -> {
            assertThat(event.what().snapshot()).isEqualTo(golden().getFileName().toString());
            assertThat(event.what().text())
                    .contains("the version of qemu was 0.0.1 and is " + version)
                    .endsWith("; it was removed, and a new one is taken");
        });
        assertThat(version()).isEqualTo(version);

        // One that comes to be there while the VM runs is refused once, and the VM booted.
        ForeignBundles.replace(golden(), ForeignBundles::ofOtherKernel);
        Object foreign = inode();
        Faults.emulator(vm).destroyForcibly();
        until(() -> all(VmEvent.BecameReady.class).size() == 2);
        assertThat(begun()).containsExactly(Rung.COLD, Rung.GOLDEN, Rung.COLD);
        assertThat(all(VmEvent.Failed.class))
                .last()
                .satisfies(failed -> assertThat(failed.failure().line()).contains("does not fit: the kernel"));
        assertThat(inode()).isNotEqualTo(foreign);

        Faults.emulator(vm).destroyForcibly();
        until(() -> all(VmEvent.BecameReady.class).size() == 3);
        assertThat(begun()).endsWith(Rung.GOLDEN);
        assertThat(out(vmette, vm, "cat /tmp/runs")).isEqualTo("x\n");
    }

    @Test
    void aRestoreIsRefusedByTheNameOfWhatDiffers() throws IOException {
        VmSpec spec = VmSpec.builder().memoryMib(160).build();
        VmHandle saved = await(vmette.launch(spec));
        await(saved.snapshotAndStop("one"));
        vmette.close();
        Path bundle = temporary.resolve("snapshots/one");
        MachineIdentity own =
                BundleStore.open(bundle.getParent()).open("one").manifest().machine();
        vmette = create("temporary");
        Map<String, UnaryOperator<MachineIdentity>> foreign = Map.of(
                "the version of qemu was 0.0.1 and is " + own.vmmVersion(),
                ForeignBundles::ofOtherQemu,
                "kernel",
                ForeignBundles::ofOtherKernel,
                "pentium3",
                ForeignBundles::ofOtherCpu,
                "cmdline",
                ForeignBundles::ofOtherSpec);
        for (Map.Entry<String, UnaryOperator<MachineIdentity>> other : foreign.entrySet()) {
            ForeignBundles.replace(bundle, machine -> other.getValue().apply(own));
            assertThatThrownBy(() -> await(vmette.restore(spec, "one")))
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining("does not fit: ")
                    .hasMessageContaining(other.getKey());
        }
        ForeignBundles.replace(bundle, machine -> own);
        await(vmette.restore(spec, "one"));
    }

    @Test
    void aPoolBootsOneAndHasAnotherTaken() throws InterruptedException, IOException {
        PoolPlan plan = new PoolPlan(
                "agents",
                VmSpec.builder().memoryMib(160).warmUp(WARM_UP).build(),
                PoolSettings.of(1, 2).withPatience(Duration.ofMinutes(4)));
        VmPool first = vmette.pool(plan);
        until(() -> first.status().ready() == 1);
        // What a runtime has made itself it would not take for another's.
        vmette.close();
        Path was = golden();
        ForeignBundles.replace(was, ForeignBundles::ofOtherKernel);
        Object foreign = inode();
        events.clear();
        vmette = create();
        VmPool second = vmette.pool(plan);
        VmHandle vm = await(second.acquire());
        assertThat(out(vmette, vm, "cat /tmp/runs")).isEqualTo("x\n");
        until(() -> second.status().ready() == 1);
        assertThat(begun()).startsWith(Rung.COLD);
        assertThat(begun().subList(1, begun().size())).isNotEmpty().containsOnly(Rung.GOLDEN);
        assertThat(all(VmEvent.Failed.class)).isEmpty();
        assertThat(all(VmEvent.ForeignGolden.class))
                .singleElement()
                .satisfies(event -> assertThat(event.what().why()).contains("the kernel (SHA-256) was 000000000000"));
        assertThat(golden()).isEqualTo(was);
        assertThat(inode()).isNotEqualTo(foreign);
    }
}
