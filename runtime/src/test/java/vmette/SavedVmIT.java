package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.out;

import akka.Done;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.actors.VmReady;
import vmette.actors.VmRenewal;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.CommandDetachedException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.guest.protocol.AgentFrame.RestoreSteps;
import vmette.machine.SaveReport;
import vmette.snapshot.BundleStore;
import vmette.stream.OutputChunk;

/** VMs that are saved, go on, and are restored by other runtimes, as their users see it. Real guests. */
class SavedVmIT {
    private static final VmSpec SPEC =
            VmSpec.builder().name("saved").memoryMib(160).env("COLOUR", "blue").build();
    private static final String COUNTER =
            "i=0; while :; do echo $i; echo $i > /tmp/count; i=$((i+1)); usleep 5000; done";
    /** Where a counter has written the lines 0 to 9. */
    private static final long TEN = 20;

    /** A guest that boots takes its time from a clock of whole seconds. */
    private static final Duration BOOTED_LATE = Duration.ofSeconds(2);

    private static final Duration CLOCK_TOLERANCE = Duration.ofMillis(100);

    @TempDir
    private Path temporary;

    private RuntimeSettings settings;
    private Vmette vmette;

    @BeforeEach
    void open() {
        settings =
                RuntimeSettings.from(ConfigFactory.parseString("vmette.snapshot.dir = \"" + temporary + "/snapshots\"")
                        .withFallback(ConfigFactory.load()));
        vmette = Vmette.create(settings);
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    /** What a counter writes next, from an offset: whole lines. */
    private List<Long> counts(VmHandle vm, long id, long from, int lines) {
        StringBuilder text = new StringBuilder();
        await(await(vm.attach(id))
                .resumeStdout(from)
                .takeWhile(
                        chunk -> {
                            if (chunk instanceof OutputChunk.Bytes bytes) {
                                text.append(bytes.bytes().utf8String());
                            }
                            return text.chars().filter(c -> c == '\n').count() <= lines;
                        },
                        true)
                .runWith(Sink.ignore(), vmette.system()));
        // The first may be the end of one.
        return Stream.of(text.toString().split("\n"))
                .skip(1)
                .limit(lines - 1)
                .map(Long::valueOf)
                .toList();
    }

    private static List<Duration> steps(VmRenewal renewal) {
        RestoreSteps took = renewal.took();
        return List.of(took.clock(), took.entropy(), took.instance(), took.hostname(), took.environment());
    }

    private static void assertConsecutive(List<Long> counts) {
        for (int i = 1; i < counts.size(); i++) {
            assertThat(counts.get(i)).isEqualTo(counts.get(i - 1) + 1);
        }
    }

    @Test
    void aVmGoesOnAndItsClonesGoOnFromTheSameInstant() {
        VmHandle vm = await(vmette.launch(SPEC));
        String instance = out(vmette, vm, "cat /run/vmette/instance-id");
        out(vmette, vm, "echo before > /tmp/word");
        DetachedExecution detached = vm.start(ExecSpec.shell(COUNTER).detached(ExecSpec.WhenFull.OVERWRITE));
        await(detached.started());
        Execution ordinary = vm.exec("sleep 1000");
        // Its streams end with the save, which is no reason to end it.
        ordinary.cancelWith(ordinary.stdout().runWith(Sink.ignore(), vmette.system()));
        await(ordinary.started());
        CompletableFuture<Integer> flowing = new CompletableFuture<>();
        CompletionStage<Done> flow = Source.<ExecInput>maybe()
                .via(vm.execFlow(ExecSpec.of("sleep", "1000")))
                .runForeach(event -> flowing.complete(((ExecEvent.Started) event).pid()), vmette.system());
        int flows = await(flowing);

        Instant begun = Instant.now();
        SaveReport report = await(vm.snapshot("s1"));
        Instant taken = Instant.now();
        System.out.println("SavedVmIT: " + report);
        assertThat(report.snapshot()).isEqualTo("s1");
        assertGoesOn(vm, ordinary.status(), await(ordinary.started()));
        assertGoesOn(vm, flow, flows);
        // It is who it was, and works on.
        assertThat(out(vmette, vm, "cat /run/vmette/instance-id")).isEqualTo(instance);
        assertThat(out(vmette, vm, "echo $COLOUR $(hostname)")).isEqualTo("blue saved\n");
        out(vmette, vm, "echo after > /tmp/word");
        List<Long> counted = counts(vm, detached.id(), 0, 50);
        assertConsecutive(counted);
        assertClock(vm);
        assertThatThrownBy(() -> await(vm.snapshot("s1")))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("already");
        out(vmette, vm, "true");
        await(vm.stop());

        Duration age = Duration.between(taken, Instant.now());
        List<VmHandle> clones = Stream.of("one", "two")
                .map(name -> vmette.restore(
                        SPEC.toBuilder().name(name).env("COLOUR", name).build(), "s1"))
                .toList()
                .stream()
                .map(Guests::await)
                .toList();
        for (VmHandle clone : clones) {
            VmReady ready = await(clone.ready());
            assertThat(ready.renewal()).hasValueSatisfying(renewal -> assertThat(renewal.stepped())
                    .isBetween(age, Duration.between(begun, Instant.now()).plus(BOOTED_LATE)));
            assertThat(ready.renewal())
                    .hasValueSatisfying(renewal -> assertThat(steps(renewal)).allMatch(step -> step.toNanos() > 0));
            assertThat(ready.restoredBy()).isPresent();
            System.out.println("SavedVmIT: " + ready);
            assertThat(out(vmette, clone, "cat /tmp/word; echo $COLOUR $(hostname)"))
                    .isEqualTo("before\n" + clone.name() + " " + clone.name() + "\n");
            List<Long> goesOn = counts(clone, detached.id(), TEN, 50);
            assertThat(goesOn).startsWith(11L);
            assertConsecutive(goesOn);
            assertClock(clone);
        }
        List<String> instances = clones.stream()
                .map(clone -> out(vmette, clone, "cat /run/vmette/instance-id"))
                .toList();
        List<String> random = clones.stream()
                .map(clone -> out(vmette, clone, "head -c 16 /dev/urandom | od -x"))
                .toList();
        assertThat(instances).doesNotHaveDuplicates().doesNotContain(instance);
        assertThat(random).doesNotHaveDuplicates();
        clones.forEach(clone -> await(clone.stop()));
    }

    private static void assertGoesOn(VmHandle vm, CompletionStage<?> end, int pid) {
        assertThatThrownBy(() -> await(end)).isInstanceOfSatisfying(CommandDetachedException.class, went -> {
            DetachedExecution found = await(vm.attach(went.execution()));
            assertThat(await(found.started())).isEqualTo(pid);
            found.signalGroup(9);
            assertThat(await(found.status()).code()).isEqualTo(137);
        });
    }

    @Test
    void forksGoOnWithTheSameCounterAndDiverge() throws Exception {
        VmHandle vm = await(vmette.launch(SPEC));
        DetachedExecution counter = vm.start(ExecSpec.shell(COUNTER).detached(ExecSpec.WhenFull.OVERWRITE));
        await(counter.started());
        assertConsecutive(counts(vm, counter.id(), 0, 20));
        List<VmHandle> clones = await(vmette.fork(vm, 4));
        assertThat(clones).hasSize(4).extracting(VmHandle::name).doesNotHaveDuplicates();
        List<Long> firsts = clones.stream()
                .map(clone -> counts(clone, counter.id(), 0, 50))
                .peek(SavedVmIT::assertConsecutive)
                .map(counted -> counted.get(0))
                .toList();
        // The rings were the same, so that all begin with the same.
        assertThat(firsts).containsOnly(firsts.get(0));
        for (VmHandle clone : clones) {
            out(vmette, clone, "echo " + clone.name() + " > /tmp/own");
        }
        for (VmHandle clone : clones) {
            assertThat(out(vmette, clone, "cat /tmp/own")).isEqualTo(clone.name() + "\n");
        }
        assertConsecutive(counts(vm, counter.id(), 0, 50));
        clones.forEach(clone -> await(clone.stop()));
        await(vm.stop());
        assertThat(temporary.resolve("snapshots").toFile().list()).isEmpty();
    }

    /** A file's time is the guest's clock as of the kernel's last tick. */
    private void assertClock(VmHandle vm) {
        Instant before = Instant.now();
        out(vmette, vm, "rm -f /tmp/now; touch /tmp/now");
        Instant after = Instant.now();
        Instant guest = await(vm.files().stat("/tmp/now")).modified();
        assertThat(guest).isBetween(before.minus(CLOCK_TOLERANCE), after.plus(CLOCK_TOLERANCE));
    }

    @Test
    void anotherRuntimeRestoresWhatOneHasSavedAndEnded() {
        VmHandle vm = await(vmette.launch(SPEC));
        out(vmette, vm, "echo kept > /tmp/word");
        await(vm.snapshotAndStop("golden"));
        assertThat(await(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        vmette.close();

        try (Vmette other = Vmette.create(settings)) {
            VmHandle restored = await(other.restore(SPEC, "golden"));
            assertThat(out(other, restored, "cat /tmp/word")).isEqualTo("kept\n");
            assertThatThrownBy(() -> await(other.restore(
                            SPEC.toBuilder().name("larger").memoryMib(192).build(), "golden")))
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining("memory in MiB was 160 and is 192");
            assertThatThrownBy(() ->
                            await(other.restore(SPEC.toBuilder().name("none").build(), "nothing")))
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining("golden");
        } catch (CompletionException e) {
            throw new AssertionError(e);
        }
        assertThat(BundleStore.open(temporary.resolve("snapshots")).names()).containsExactly("golden");
    }
}
