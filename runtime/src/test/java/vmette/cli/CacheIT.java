package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import vmette.HostRoots;
import vmette.config.RuntimeSettings;

/** A cache that is pruned while a VM has its root from it. */
class CacheIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BIG = 8 << 20;

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("vmette.cache-dir = \"{dir}/cache\"");

    private Path cache;

    @BeforeEach
    void createSandbox() throws Exception {
        cache = Files.createDirectory(sandbox.directory().resolve("cache"));
        // Its own, since it is pruned.
        host("cp", "-a", RuntimeSettings.load().cacheDir().resolve("guest").toString(), cache.toString());
    }

    private static void host(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(command)).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    }

    private JsonNode cache(String... arguments) throws IOException {
        Launched.Result result = Launched.run(
                sandbox, Stream.concat(Stream.of("cache"), Stream.of(arguments)).toArray(String[]::new));
        assertThat(result.stderr()).isEmpty();
        assertThat(result.code()).isZero();
        return JSON.readTree(result.stdout());
    }

    private static List<String> told(JsonNode items) {
        return Stream.iterate(0, i -> i < items.size(), i -> i + 1)
                .map(items::get)
                .map(item -> item.path("kind").asText()
                        + (item.path("inUse").asBoolean() ? " in use" : "")
                        + (item.path("needed").asBoolean() ? " needed" : ""))
                .sorted()
                .toList();
    }

    @Test
    void whatAVmHasSurvivesAndGoesWithIt() throws Exception {
        Path tree = HostRoots.busybox(sandbox.directory().resolve("tree"), RuntimeSettings.load());
        byte[] big = new byte[BIG];
        new Random(5).nextBytes(big);
        Files.write(tree.resolve("big"), big);
        Path archive = sandbox.directory().resolve("root.tar");
        host("tar", "-C", tree.toString(), "-cf", archive.toString(), ".");
        String root = "tar+file://" + archive;

        Launched run = Launched.start(
                sandbox,
                Map.of(),
                new byte[0],
                "run",
                "--quiet",
                "--name",
                "user",
                "--rootfs",
                root,
                "--exec",
                "echo ready > /tmp/ready; while [ ! -e /go ]; do busybox sleep 1; done; wc -c < /big; exit 7");
        Path ready = sandbox.directory().resolve("ready");
        assertThat(Sandbox.waitFor(() -> Launched.run(sandbox, "cp", "--quiet", "user:/tmp/ready", ready.toString())
                                .code()
                        == 0))
                .isTrue();

        JsonNode listed = cache("ls", "--json");
        assertThat(told(listed.path("items")))
                .containsExactly("digest", "guest needed", "guest needed", "image in use", "initramfs in use");
        assertThat(listed.path("bytes").asLong()).isGreaterThan(BIG);
        assertThat(listed.path("items").get(0).path("of").asText()).isEqualTo(root);
        JsonNode pruned = cache("prune", "--all", "--json");
        assertThat(told(pruned.path("removed"))).containsExactly("digest");
        assertThat(told(pruned.path("inUse"))).containsExactly("image in use", "initramfs in use");
        assertThat(images()).hasSize(1);

        assertThat(Launched.run(sandbox, "cp", "--quiet", ready.toString(), "user:/go")
                        .code())
                .isZero();
        Launched.Result result = run.result();
        assertThat(result.stderr()).isEmpty();
        assertThat(result.stdout()).isEqualTo(BIG + "\n");
        assertThat(result.code()).isEqualTo(7);

        Launched.Result dry = Launched.run(sandbox, "cache", "prune", "--all", "--dry-run");
        assertThat(dry.stdout()).contains("would remove image " + root + ", ").contains("would free ");
        assertThat(images()).hasSize(1);
        Launched.Result gone = Launched.run(sandbox, "cache", "prune", "--all");
        assertThat(gone.stdout()).contains("removed image " + root + ", ").contains("removed initramfs ");
        assertThat(images()).isEmpty();
        assertThat(told(cache("ls", "--json").path("items"))).containsExactly("guest needed", "guest needed");

        Launched.Result again = Launched.run(sandbox, "run", "--quiet", "--rootfs", root, "--exec", "exit 3");
        assertThat(again.code()).as(again.stderr()).isEqualTo(3);
    }

    private List<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(cache.resolve("images"))) {
            return files.filter(file -> file.toString().endsWith(".squashfs")).toList();
        }
    }
}
