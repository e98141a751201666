package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.cli.Caches;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.config.fleet.Service;
import vmette.config.fleet.VmPlan;
import vmette.rootfs.providers.oci.RegistryFixture;

/** Real VMs that run something by themselves. */
class ServiceIT {
    private static final String BOOT_ID = "[0-9a-f]{8}-[0-9a-f-]{27}\n";
    private static final String MARK = "--- incarnation 2, 20[0-9-]{8}T[0-9:]{8}Z\n";

    @TempDir
    private static Path directory;

    private static final RuntimeSettings SETTINGS = RuntimeSettings.from(
            ConfigFactory.parseString("vmette.recovery.max-restarts = 1").withFallback(ConfigFactory.load()));

    private static VmPlan plan(Service service, RestartMode mode, VmSpecBuilder spec) {
        return new VmPlan(
                "served",
                spec.name("served").memoryMib(128).build(),
                SETTINGS.recovery().withMode(mode),
                Optional.empty(),
                Optional.of(service));
    }

    private static VmHandle launch(Vmette vmette, String line, RestartMode mode) {
        return await(vmette.launch(plan(Service.shell(line), mode, VmSpec.builder())));
    }

    private static CompletionStage<String> followed(Vmette vmette, VmHandle vm) {
        return Guests.text(vmette, vm.log().follow(Integer.MAX_VALUE));
    }

    private static String last(Vmette vmette, VmHandle vm, int lines) {
        return await(Guests.text(vmette, vm.log().last(lines)));
    }

    @Test
    void whatItWritesIsReadAndFollowedAndAStopLetsItEnd() {
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            VmHandle vm = launch(
                    vmette,
                    "echo one; echo two >&2; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 1; done",
                    RestartMode.PERMANENT);
            CompletionStage<String> followed = followed(vmette, vm);
            await(vm.log()
                    .follow(Integer.MAX_VALUE)
                    .scan("", (before, bytes) -> before + bytes.utf8String())
                    .filter(all -> all.endsWith("ready\n"))
                    .runWith(Sink.head(), vmette.system()));
            assertThat(last(vmette, vm, 2)).isEqualTo("two\nready\n");
            assertThat(await(vm.stop()).how()).isEqualTo(VmEnd.How.STOPPED);
            // The shell may have a word of its own about the sleep that was ended with it.
            assertThat(await(followed)).startsWith("one\ntwo\nready\n").endsWith("\nbye\n");
            assertThat(last(vmette, vm, 1)).isEqualTo("bye\n");
        }
    }

    @Test
    void oneThatFailsRunsAgainInANewBootUntilItIsGivenUp() {
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            VmHandle vm = launch(vmette, "cat /proc/sys/kernel/random/boot_id; exit 3", RestartMode.TRANSIENT);
            VmEnd end = await(vm.ended());
            assertThat(end.how()).isEqualTo(VmEnd.How.FAILED);
            assertThat(end.failure().orElseThrow().word()).isEqualTo("ServiceEnded(3)");
            assertThat(end.failure().orElseThrow().incarnation()).isEqualTo(2);
            String[] boots = last(vmette, vm, Integer.MAX_VALUE).split(MARK);
            assertThat(boots).hasSize(2).allMatch(boot -> boot.matches(BOOT_ID)).doesNotHaveDuplicates();
        }
    }

    @Test
    void oneThatIsDoneEndsItsVmUnlessItIsToRunForEver() {
        String line = "echo done";
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            VmHandle once = launch(vmette, line, RestartMode.TRANSIENT);
            assertThat(await(once.ended())).isEqualTo(new VmEnd(VmEnd.How.COMPLETED, Optional.empty()));
            assertThat(last(vmette, once, 5)).isEqualTo("done\n");

            VmHandle ever = launch(vmette, line, RestartMode.PERMANENT);
            VmEnd end = await(ever.ended());
            assertThat(end.how()).isEqualTo(VmEnd.How.FAILED);
            assertThat(end.failure().orElseThrow().word()).isEqualTo("ServiceEnded(0)");
            assertThat(last(vmette, ever, 5)).matches("done\n" + MARK + "done\n");
        }
    }

    @Test
    void anImageRunsWhatItSays() throws Exception {
        try (RegistryFixture registry = RegistryFixture.open(Files.createDirectory(directory.resolve("registry")));
                Vmette vmette = Vmette.create(Caches.settings(directory.resolve("cache")))) {
            String image = registry.push(
                    "v1",
                    "{\"User\":\"app\",\"Entrypoint\":[\"/bin/wrap\"],\"Cmd\":[\"serve\"]}",
                    "bin/wrap",
                    "#!/bin/sh\necho $1 as $(id -u)\n");
            VmHandle vm = await(vmette.launch(plan(
                    Service.ofImage(), RestartMode.TEMPORARY, VmSpec.builder().rootfs("oci://" + image))));
            assertThat(await(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
            assertThat(last(vmette, vm, 5)).isEqualTo("serve as 1000\n");
        }
    }

    @Test
    void oneThatCannotBeStartedIsNamedWithTheGuestsReason() {
        Service missing = new Service(List.of("/srv/serve", "8080"), Map.of(), Optional.empty(), Optional.empty());
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            VmHandle vm = await(vmette.launch(plan(missing, RestartMode.TEMPORARY, VmSpec.builder())));
            VmEnd end = await(vm.ended());
            assertThat(end.how()).isEqualTo(VmEnd.How.FAILED);
            assertThat(end.failure().orElseThrow().cause().text())
                    .startsWith("its service '/srv/serve 8080' could not be started: ")
                    .contains("No such file or directory");
        }
    }

    @Test
    void fiftyMegabytesThatNobodyReadsHoldBackNobodyAndTakeNoMemory() {
        int size = 50_000_000;
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            VmHandle vm = launch(
                    vmette, "head -c " + size + " /dev/zero | tr '\\0' x; echo; echo done", RestartMode.TRANSIENT);
            SinkQueueWithCancel<ByteString> asleep =
                    vm.log().follow(Integer.MAX_VALUE).runWith(Sink.queue(), vmette.system());
            assertThat(await(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);

            ByteString kept = await(vm.log()
                    .last(Integer.MAX_VALUE)
                    .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), vmette.system()));
            assertThat(kept.size()).isEqualTo(1 << 20);
            assertThat(last(vmette, vm, 1)).isEqualTo("done\n");
            assertThat(accountedFor(asleep)).isEqualTo(size + "\ndone\n".length());
        }
    }

    /** What a reader got, and what it was told that it has missed. */
    private static long accountedFor(SinkQueueWithCancel<ByteString> reader) {
        Pattern gap = Pattern.compile("\n?--- ([0-9]+) bytes were overwritten before they were read\n");
        long sum = 0;
        long missed = 0;
        for (Optional<ByteString> next = await(reader.pull()); next.isPresent(); next = await(reader.pull())) {
            Matcher told = gap.matcher(next.get().utf8String());
            long lost = told.matches() ? Long.parseLong(told.group(1)) : 0;
            missed += lost;
            sum += lost > 0 ? lost : next.get().size();
        }
        assertThat(missed).isPositive();
        return sum;
    }
}
