package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.out;

import akka.stream.javadsl.FileIO;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.snapshot.BundleStore;

/**
 * One snapshot after many clones, two at a time, that overwrite what they have got from it, in memory and on their scratch, and write more.
 * {@code -Dvmette.full=true}: 1,000 clones; else a few.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class ManyClonesIT {
    private static final int CLONES = Boolean.getBoolean("vmette.full") ? 1000 : 6;
    private static final int AT_ONCE = 2;
    private static final int MIB = 2;

    /** Longer than a guest's kernel remembers connections that were closed before its VM was saved: it resets them then. */
    private static final String SILENCE = "sleep 10; ";

    private static final VmSpec SPEC =
            VmSpec.builder().memoryMib(160).scratchMib(256).build();

    /** A word, many times: a file of some MiB, which is not of zeros. */
    private static String fill(String word, String file) {
        return "yes " + word + " | dd of=" + file + " bs=1M count=" + MIB + " iflag=fullblock conv=notrunc 2>/dev/null";
    }

    private static final String MEMORY = "/dev/shm/file";
    private static final String SCRATCH = "/tmp/file";

    @TempDir
    private Path temporary;

    private Vmette vmette;

    @BeforeEach
    void open() {
        vmette = Vmette.create(
                RuntimeSettings.from(ConfigFactory.parseString("vmette.snapshot.dir = \"" + temporary + "/snapshots\"")
                        .withFallback(ConfigFactory.load())));
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    /** What is in each file of a bundle, and when it was last written. */
    private SortedMap<String, String> contents(Path bundle) throws IOException {
        SortedMap<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(bundle)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(
                        bundle.relativize(file).toString(),
                        Files.size(file) + " bytes of " + Files.getLastModifiedTime(file) + ", "
                                + Guests.sha256Of(vmette, FileIO.fromPath(file)));
            }
        }
        return contents;
    }

    /** A clone that finds what was saved, writes over it and beside it, and has all of that afterwards. How many bytes that was. */
    private CompletionStage<Long> used(int number) {
        String word = "clone" + number;
        String files = String.join(" ", MEMORY, SCRATCH, MEMORY + "2", SCRATCH + "2");
        ExecSpec steps = ExecSpec.shell("test $(head -n 1 " + MEMORY + ") = golden && test $(head -n 1 " + SCRATCH
                        + ") = golden || exit 10; for file in " + files + "; do " + fill(word, "$file")
                        + " || exit 11; done; sync; echo 3 > /proc/sys/vm/drop_caches; for file in " + files
                        + "; do yes " + word + " | head -c " + (MIB << 20) + " | cmp - $file || exit 12; done; "
                        + (number == 1 ? SILENCE : "")
                        + "cat " + files + " | wc -c")
                .mergingOutputs();
        return vmette.restore(SPEC, "golden").thenCompose(vm -> {
            Execution command = vm.exec(steps);
            CompletionStage<String> written = Guests.text(vmette, command.stdout());
            return command.status()
                    .thenCombine(written, (status, text) -> {
                        assertThat(status.isSuccess())
                                .as("%s in clone %d: %s", status, number, text)
                                .isTrue();
                        return Long.valueOf(text.strip());
                    })
                    .thenCompose(bytes -> vm.stop().thenApply(end -> bytes));
        });
    }

    @Test
    void aSnapshotIsUnchangedByAllThatItsClonesWrite() throws IOException {
        VmHandle golden = await(vmette.launch(SPEC));
        out(vmette, golden, fill("golden", MEMORY) + " && " + fill("golden", SCRATCH) + " && sync");
        assertThat(out(vmette, golden, "cut -d ' ' -f 2,3 /proc/mounts")).contains("/dev/shm tmpfs\n", "/tmp ext4\n");
        await(golden.snapshotAndStop("golden"));
        Path bundle = temporary.resolve("snapshots/golden");
        SortedMap<String, String> before = contents(bundle);
        assertThat(before)
                .containsKeys("manifest.json", "memory", "device-state")
                .hasSize(4);

        List<Long> written = Source.range(1, CLONES)
                .mapAsync(AT_ONCE, this::used)
                .runWith(Sink.seq(), vmette.system())
                .toCompletableFuture()
                .join();
        assertThat(written).hasSize(CLONES).containsOnly(4L * (MIB << 20));

        assertThat(contents(bundle)).isEqualTo(before);
        BundleStore store = BundleStore.open(bundle.getParent());
        store.open("golden").verify();
        assertThat(store.names()).containsExactly("golden");
        assertThat(store.remove("golden")).as("no clone has kept it").isTrue();
    }
}
