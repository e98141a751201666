package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.actors.VmFailure;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.machine.OtherInits;

/**
 * Guests that drive their vsock device themselves and break its rules, beside one that does not, all on one device loop.
 * docs/hostile-guests.md says what is to happen; HostileGuestsPageTest compares the two.
 */
class HostileDriverIT {
    /** What the live heap may grow by, whatever guests do: their budgets are 8 MiB each. */
    private static final long HEAP_BOUND = 16L << 20;

    /** The same for all private memory, with what the collector has not given back. */
    private static final long RSS_BOUND = 128L << 20;

    private static final int AT_ONCE = 5;

    private static final List<String> OUTLIVED = HostileAttacks.outlived();
    private static final Map<String, String> FATAL = HostileAttacks.fatal();

    private static final ByteArrayOutputStream LOG = new ByteArrayOutputStream();
    private static final PrintStream STDERR = System.err;

    @TempDir
    private static Path directory;

    private static Vmette vmette;
    private static HostileVms hostile;
    private static Bystander bystander;
    private static long heapBefore;
    private static long rssBefore;
    private static final AtomicLong RSS_PEAK = new AtomicLong();
    private static volatile boolean over;

    @BeforeAll
    static void boot() {
        System.setErr(new PrintStream(LOG, true, StandardCharsets.UTF_8));
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.parseString("""
                        vmette {
                          runtime-dir = "%s"
                          boot.deadline = 240s
                          vsock { loops = 1, vm-budget = 8MiB, accept-timeout = 2s }
                        }
                        """.formatted(directory))
                .withFallback(ConfigFactory.load())
                .resolve());
        vmette = Vmette.create(settings, OtherInits.create(settings));
        hostile = new HostileVms(vmette, directory);
        bystander = new Bystander(vmette);
        heapBefore = liveHeap();
        rssBefore = privateMemory();
        Thread watcher = new Thread(HostileDriverIT::watchMemory, "watch-memory");
        watcher.setDaemon(true);
        watcher.start();
    }

    /** What grows and shrinks again within an attack counts too. */
    private static void watchMemory() {
        while (!over) {
            RSS_PEAK.accumulateAndGet(privateMemory(), Math::max);
            LockSupport.parkNanos(50_000_000);
        }
    }

    @AfterAll
    static void nothingIsLeft() throws Exception {
        try {
            bystander.finish();
        } finally {
            over = true;
            vmette.close();
            System.setErr(STDERR);
            STDERR.write(LOG.toByteArray());
        }
        assertThat(ProcessHandle.current()
                        .children()
                        .map(child -> child.info().command().orElse(""))
                        .filter(command -> command.contains("qemu")))
                .isEmpty();
        STDERR.println(
                "above what was before: peak of private memory " + ((RSS_PEAK.get() - rssBefore) >> 10) + " KiB");
        try (Stream<Path> left = Files.walk(directory)) {
            assertThat(left.filter(path -> !Files.isDirectory(path))
                            .map(path -> path.getFileName().toString()))
                    .containsExactly("hostile.cpio");
        }
        assertThat(LOG.toString(StandardCharsets.UTF_8)).doesNotContain("ERROR", "Exception", "\tat ");
    }

    private static long liveHeap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static long privateMemory() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertUnharmed(Bystander.Progress before) {
        Bystander.Progress after = bystander.progress();
        assertThat(after.bulkBytes()).as("bulk bytes").isGreaterThan(before.bulkBytes());
        assertThat(after.pongs()).as("ping-pongs").isGreaterThan(before.pongs());
        assertThat(liveHeap() - heapBefore).as("growth of the live heap").isLessThan(HEAP_BOUND);
        assertThat(RSS_PEAK.get() - rssBefore).as("growth of private memory").isLessThan(RSS_BOUND);
    }

    @Test
    void whatBreaksNoRingIsAnsweredOrIgnoredAndTheDeviceGoesOn() {
        Bystander.Progress before = bystander.progress();
        VmEnd end = hostile.attacked("outlived");
        assertUnharmed(before);
        List<String> console = end.failure().orElseThrow().console();
        assertThat(console).as("what the guest saw").noneMatch(line -> line.startsWith("FAIL"));
        assertThat(console.stream().filter(line -> line.startsWith("ok ")).map(line -> line.split(" ", -1)[1]))
                .as("console %s", console)
                .isEqualTo(OUTLIVED);
        assertThat(end.failure().orElseThrow().cause()).isInstanceOf(VmFailure.PoweredOff.class);
    }

    @Test
    void aBrokenRingEndsItsOwnVmAndSaysWhy() {
        List<String> names = new ArrayList<>(FATAL.keySet());
        for (int from = 0; from < names.size(); from += AT_ONCE) {
            Bystander.Progress before = bystander.progress();
            Map<String, CompletionStage<VmEnd>> ends = new LinkedHashMap<>();
            names.subList(from, Math.min(names.size(), from + AT_ONCE))
                    .forEach(name -> ends.put(name, hostile.attack(name)));
            ends.forEach((name, ending) -> {
                VmFailure failure = await(ending).failure().orElseThrow();
                assertThat(failure.console()).as(name).anyMatch(line -> line.equals("done " + name));
                assertThat(failure.cause())
                        .as("%s, console %s", name, failure.console())
                        .isInstanceOf(VmFailure.DeviceBroken.class);
                assertThat(failure.cause().text()).as(name).contains("broke", FATAL.get(name));
            });
            assertUnharmed(before);
        }
    }

    @Test
    void aRootProcessThatTakesTheDeviceFromItsKernelEndsItsOwnVm() {
        Bystander.Progress before = bystander.progress();
        VmHandle vm = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        Execution upload = vm.exec(ExecSpec.shell("cat > /tmp/hostile-driver && chmod 755 /tmp/hostile-driver"));
        Source.single(ByteString.fromArray(HostileVms.program())).runWith(upload.stdin(), vmette.system());
        assertThat(await(upload.status()).code()).isZero();
        Execution attack = vm.exec(ExecSpec.of("/tmp/hostile-driver", "request-flood"));
        VmEnd end = await(vm.ended());
        assertThat(end.failure().orElseThrow().cause().text()).contains("the guest's vsock driver was restarted");
        assertThat(attack.status().toCompletableFuture()).isCompletedExceptionally();
        assertUnharmed(before);
    }
}
