package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;

/** Pulls that are broken off: by the network, by the registry's end, by our own; and several at a time. */
class BrokenPullTest {
    private static final int SIZE = 4 << 20;
    private static final TestImages.Blob BIG = TestImages.noise(SIZE, 7);
    private static final Pattern RANGE = Pattern.compile("(?i)\r\nrange: bytes=(\\d+)-\r\n");

    /** What a child process runs: arguments are a directory and a reference. */
    static final class Puller {
        private Puller() {}

        public static void main(String[] arguments) throws IOException {
            PulledImage pulled = new Pulls(Path.of(arguments[0])).pull(arguments[1]);
            if (!pulled.manifest().toString().equals(arguments[2])) {
                throw new IllegalStateException("another image");
            }
        }
    }

    @TempDir
    Path directory;

    private DockerRegistry registry;
    private TestImages images;
    private Relay relay;
    private Pulls pulls;
    private TestImages.Blob manifest;

    @BeforeEach
    void start() throws Exception {
        registry = DockerRegistry.open(Files.createDirectory(directory.resolve("registry")));
        images = new TestImages(registry.host());
        manifest = images.pushImage("team/big", "v1", "{}", BIG);
        relay = new Relay(registry.port());
        pulls = new Pulls(directory);
    }

    @AfterEach
    void stop() throws IOException {
        if (registry != null) {
            registry.close();
            relay.close();
        }
    }

    @Test
    void aConnectionThatBreaksIsGoneOnFromWhereItBroke() throws Exception {
        relay.breakAfter(SIZE / 2, false);
        PulledImage pulled = pulls.pull(reference());
        assertThat(Pulls.bytes(pulled.layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).hasSize(1).first().satisfies(from -> assertThat(from)
                .isPositive());
        assertThat(relay.passed()).isLessThan(SIZE + SIZE / 4);
    }

    @Test
    void whatCameOfAPullThatFailedIsKeptForTheNext() throws Exception {
        relay.breakAfter(SIZE / 2, true);
        assertThatThrownBy(() -> pulls.pull(reference()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(reference())
                .hasMessageContaining("What has come, if anything, is kept");
        long kept = Files.size(partial());
        assertThat(kept).isPositive().isLessThan(SIZE);
        assertThat(pulls.progress.open).hasValue(0);

        relay.mend();
        relay.forget();
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).containsExactly(kept);
        assertThat(relay.passed()).isLessThan(SIZE - kept + 10_000);
        assertThat(pulls.files()).noneMatch(name -> name.contains("partial"));
    }

    @Test
    void aRegistryThatIsKilledInTheMiddleIsAskedForTheRestWhenItIsBack() throws Exception {
        relay.breakAfter(SIZE / 2, true);
        CompletableFuture<PulledImage> pull = CompletableFuture.supplyAsync(() -> pulls.pull(reference()));
        while (kept() == 0 || !relay.isDown()) {
            assertThat(pull).isNotDone();
            Thread.sleep(5);
        }
        registry.kill();
        assertThatThrownBy(pull::join).hasCauseInstanceOf(VmetteIoException.class);
        registry.start();
        relay.mend();
        relay.forget();
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).hasSize(1);
    }

    @Test
    void aPartThatWasDamagedSinceIsNotBelieved() throws Exception {
        Files.createDirectories(partial().getParent());
        Files.write(partial(), new byte[SIZE / 2]);
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).containsExactly(SIZE / 2L);
        assertThat(relay.requests("GET /v2/team/big/blobs/" + BIG.digest())).hasSize(2);

        // longer than it could be
        Files.delete(blob());
        Files.write(partial(), new byte[SIZE + 1]);
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
    }

    @Test
    void aPartThatIsAllThereNeedsNoRequest() throws Exception {
        pulls.pull(reference());
        Files.move(blob(), partial());
        relay.forget();
        pulls.pull(reference());
        assertThat(relay.requests()).isEmpty();
        assertThat(blob()).hasSize(SIZE);
    }

    @Test
    void aTransferThatStandsStillIsBroken() throws Exception {
        pulls.patience(Duration.ofMillis(300));
        relay.stallAfter(SIZE / 2);
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).hasSize(1);
    }

    @Test
    void anInterruptEndsAPullAndKeepsWhatHasCome() throws Exception {
        relay.stallAfter(SIZE / 2);
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                pulls.pull(reference());
                ended.complete(null);
            } catch (VmetteIoException e) {
                ended.complete(Thread.currentThread().isInterrupted() ? e : null);
            }
        });
        thread.start();
        while (!hasStalled()) {
            Thread.sleep(5);
        }
        thread.interrupt();
        assertThat(ended.get(60, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(pulls.progress.open).hasValue(0);
        assertThat(pulls.files())
                .filteredOn(name -> name.contains(BIG.digest().hex()))
                .hasSize(1);
        relay.forget();
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).hasSize(1);
    }

    @Test
    void aProcessThatIsKilledInTheMiddleLosesNothing() throws Exception {
        relay.stallAfter(SIZE / 2);
        Process process = process();
        while (!hasStalled()) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(5);
        }
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(pulls.files()).filteredOn(name -> name.endsWith(".partial")).hasSize(1);
        relay.forget();
        assertThat(Pulls.bytes(pulls.pull(reference()).layers().get(0))).isEqualTo(BIG.bytes());
        assertThat(ranges()).hasSize(1).first().satisfies(from -> assertThat(from)
                .isPositive());
        assertThat(relay.passed()).isLessThan(SIZE - ranges().get(0) + 10_000);
    }

    @Test
    void ofProcessesThatPullTheSameImageOneFetchesEachLayer() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(process());
        }
        for (Process process : processes) {
            assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(directory.resolve("processes.log")))
                    .isZero();
        }
        assertThat(relay.requests("GET /v2/team/big/blobs/" + BIG.digest())).hasSize(1);
        assertThat(blob()).hasBinaryContent(BIG.bytes());
        assertThat(pulls.files()).noneMatch(name -> name.contains("partial") || name.contains(".new-"));
    }

    @Test
    void ofThreadsThatPullTheSameImageOneFetchesEachLayer() {
        List<CompletableFuture<PulledImage>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(CompletableFuture.supplyAsync(() -> pulls.pull(reference())));
        }
        all.forEach(CompletableFuture::join);
        assertThat(relay.requests("GET /v2/team/big/blobs/" + BIG.digest())).hasSize(1);
    }

    private Process process() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Puller.class.getName(),
                        directory.toString(),
                        reference(),
                        manifest.digest().toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("processes.log").toFile()))
                .start();
    }

    /** No more is coming, and some of what came has been kept. */
    private boolean hasStalled() throws IOException {
        return relay.isStalled() && kept() > 0;
    }

    private long kept() throws IOException {
        return Files.exists(partial()) ? Files.size(partial()) : 0;
    }

    private String reference() {
        return relay.host() + "/team/big:v1";
    }

    private Path blob() {
        return pulls.cache.resolve("oci/blobs/sha256").resolve(BIG.digest().hex());
    }

    private Path partial() {
        return blob().resolveSibling(BIG.digest().hex() + ".partial");
    }

    /** Where the requests for the rest of something began. */
    private List<Long> ranges() {
        return relay.requests().stream()
                .map(RANGE::matcher)
                .filter(Matcher::find)
                .map(found -> Long.parseLong(found.group(1)))
                .toList();
    }
}
