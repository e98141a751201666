package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.out;

import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.concurrent.duration.FiniteDuration;
import vmette.actors.VmEvent;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.OperationTimeoutException;
import vmette.machine.QemuMachines;
import vmette.recovery.Rung;
import vmette.rootfs.RootfsProgress;

/** A pool of real VMs: one is booted and warmed up, the others are restored from it. */
class GoldenPoolIT {
    private static final String WARM_UP =
            "cat /proc/sys/kernel/random/uuid > /tmp/warm; echo x >> /tmp/runs;" + " cat /proc/stat > /tmp/stat";

    private static final FiniteDuration DEADLINE = FiniteDuration.create(Guests.DEADLINE_SECONDS, TimeUnit.SECONDS);

    @TempDir
    private Path temporary;

    private final Queue<VmEvent> events = new ConcurrentLinkedQueue<>();
    private Vmette vmette;

    @BeforeEach
    void open() {
        RuntimeSettings settings = settings();
        vmette = Vmette.create(
                settings,
                new QemuMachines(settings, RootfsProgress.NONE, () -> RootfsProviders.all(settings)),
                events::add);
    }

    private RuntimeSettings settings() {
        return RuntimeSettings.from(ConfigFactory.parseString("vmette.snapshot.dir = \"" + temporary + "/snapshots\"")
                .withFallback(ConfigFactory.load()));
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    private static VmSpecBuilder spec() {
        return VmSpec.builder().memoryMib(160).warmUp(WARM_UP);
    }

    private VmPool pool(VmSpec spec, int min, int max) {
        return vmette.pool(
                new PoolPlan("agents", spec, PoolSettings.of(min, max).withPatience(Duration.ofMinutes(4))));
    }

    private List<Rung> begun() {
        return events.stream()
                .filter(VmEvent.Began.class::isInstance)
                .map(event -> ((VmEvent.Began) event).from().rung())
                .toList();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    @Test
    void allButTheFirstComeFromOneGoldenSnapshot() throws InterruptedException {
        VmPool pool = pool(spec().build(), 2, 3);
        until(() -> pool.status().ready() == 2);
        Set<String> instances = new HashSet<>();
        Set<String> warm = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            VmHandle vm = await(pool.acquire());
            assertThat(out(vmette, vm, "cat /tmp/runs")).as("warmed up once").isEqualTo("x\n");
            assertThat(forks(vm)).as("commands since its warm-up").isGreaterThanOrEqualTo(PoolTemplate.LIMBERING);
            assertThat(out(vmette, vm, "cat /tmp/used 2>/dev/null; echo x > /tmp/used"))
                    .as("nobody had it")
                    .isEmpty();
            instances.add(out(vmette, vm, "cat /run/vmette/instance-id"));
            warm.add(out(vmette, vm, "cat /tmp/warm"));
            await(pool.release(vm));
        }
        assertThat(instances).hasSize(3);
        assertThat(warm).as("one warm-up").hasSize(1);
        until(() -> pool.status().ready() == 2);
        assertThat(begun()).filteredOn(Rung.COLD::equals).hasSize(1);
        assertThat(begun()).filteredOn(Rung.GOLDEN::equals).hasSizeGreaterThan(3);
        assertThat(events).filteredOn(VmEvent.Saved.class::isInstance).hasSize(1);
        assertThat(snapshots()).hasSize(1).allMatch(name -> name.startsWith("golden-"));
        await(pool.close());

        VmPool again = vmette.pool(new PoolPlan(
                "agents",
                spec().build(),
                PoolSettings.of(1, 1).withMaxAge(Duration.ofSeconds(1)).withPatience(Duration.ofMinutes(4))));
        onDemandAndNoneThatIsOld(again, warm);
        assertThat(begun()).filteredOn(Rung.COLD::equals).hasSize(1);
    }

    private void onDemandAndNoneThatIsOld(VmPool pool, Set<String> warm) throws InterruptedException {
        TestSubscriber.Probe<VmHandle> lent = pool.vms().runWith(TestSink.create(vmette.system()), vmette.system());
        lent.ensureSubscription();
        until(() -> pool.status().ready() == 1);
        assertThat(pool.status().lent()).isZero();
        VmHandle vm = lent.requestNext(DEADLINE);
        assertThat(warm).contains(out(vmette, vm, "cat /tmp/warm"));
        lent.request(1);
        until(() -> pool.status().waiting() == 1);
        assertThat(pool.status().coming()).as("one at most").isZero();
        await(pool.discard(vm));
        VmHandle other = lent.expectNext(DEADLINE);
        assertThat(other.name()).isNotEqualTo(vm.name());
        lent.cancel();
        await(pool.release(other));
        // One takes its place, and since nobody wants that another one is to take its own.
        int had = begun().size();
        until(() -> begun().size() > had + 1);
        assertThat(pool.status().acquired()).isEqualTo(2);
    }

    /** Processes that there were since the warm-up. */
    private long forks(VmHandle vm) {
        return Stream.of(out(vmette, vm, "cat /proc/stat /tmp/stat | grep processes")
                        .strip()
                        .split("\n", -1))
                .map(line -> Long.valueOf(line.replace("processes ", "")))
                .reduce((now, then) -> now - then)
                .orElseThrow();
    }

    private List<String> snapshots() {
        String[] names = temporary.resolve("snapshots").toFile().list();
        return names == null ? List.of() : List.of(names);
    }

    @Test
    void aDamagedSnapshotIsMadeAnew() throws IOException, InterruptedException {
        VmPool first = pool(spec().build(), 1, 1);
        until(() -> first.status().ready() == 1);
        await(first.close());
        Path bundle = temporary.resolve("snapshots").resolve(snapshots().get(0));
        Files.write(bundle.resolve("device-state"), new byte[] {1, 2, 3});

        VmPool second = pool(spec().build(), 1, 2);
        VmHandle vm = await(second.acquire());
        assertThat(out(vmette, vm, "cat /tmp/runs")).isEqualTo("x\n");
        until(() -> second.status().ready() == 1);
        assertThat(begun()).filteredOn(Rung.COLD::equals).hasSize(2);
        assertThat(events).filteredOn(VmEvent.Saved.class::isInstance).hasSize(2);
        assertThat(snapshots()).hasSize(1).allMatch(name -> name.startsWith("golden-"));
    }

    @Test
    void twoRuntimesAtOnceShareOne() throws InterruptedException {
        VmPool pool = pool(spec().build(), 2, 2);
        try (Vmette other = Vmette.create(settings())) {
            VmPool others = other.pool(
                    new PoolPlan("others", spec().build(), PoolSettings.of(2, 2).withPatience(Duration.ofMinutes(4))));
            until(() -> pool.status().ready() == 2 && others.status().ready() == 2);
            assertThat(snapshots()).hasSize(1).allMatch(name -> name.startsWith("golden-"));
            VmHandle vm = await(others.acquire());
            assertThat(out(other, vm, "cat /tmp/runs")).isEqualTo("x\n");
            await(others.end());
        }
        VmHandle vm = await(pool.acquire());
        assertThat(out(vmette, vm, "cat /tmp/runs")).isEqualTo("x\n");
        await(pool.release(vm));
        until(() -> pool.status().ready() == 2);
        assertThat(snapshots()).hasSize(1);
    }

    @Test
    void aWarmUpThatFailsIsTold() throws InterruptedException {
        VmSpec spec = VmSpec.builder().memoryMib(160).warmUp("echo no; exit 3").build();
        VmPool pool = pool(spec, 1, 1);
        until(() -> pool.status().failures() > 0);
        assertThatThrownBy(() -> await(pool.acquire(Duration.ofMillis(1))))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("the warm-up of the pool agents exited with status 3")
                .hasMessageContaining("having written: no");
        assertThat(snapshots()).isEmpty();
    }

    @Test
    void whatCannotBeSavedIsBootedAndWarmedUpEachTime() throws InterruptedException {
        VmPool pool = pool(spec().share("work", temporary).build(), 2, 2);
        until(() -> pool.status().ready() == 2);
        VmHandle one = await(pool.acquire());
        VmHandle other = await(pool.acquire());
        assertThat(out(vmette, one, "cat /tmp/runs")).isEqualTo("x\n");
        assertThat(out(vmette, other, "cat /tmp/runs")).isEqualTo("x\n");
        assertThat(out(vmette, one, "cat /tmp/warm")).isNotEqualTo(out(vmette, other, "cat /tmp/warm"));
        assertThat(begun()).containsOnly(Rung.COLD);
        await(pool.end());
        assertThat(one.hasEnded() && other.hasEnded()).isTrue();
    }
}
