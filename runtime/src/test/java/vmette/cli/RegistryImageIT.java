package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RuntimeSettings;
import vmette.rootfs.providers.oci.RegistryFixture;

/** Images of a registry as a user runs them: what a pull looks like at a real terminal, which it leaves as it was, and what an image runs by itself. */
class RegistryImageIT {
    @TempDir
    Path directory;

    private Sandbox sandbox;
    private Screen screen;
    private RegistryFixture registry;
    private String before;

    @BeforeEach
    void open() throws Exception {
        registry = RegistryFixture.open(directory);
        sandbox = Sandbox.create("vmette.cache-dir = \"{dir}/cache\"");
        Path cache = Files.createDirectory(sandbox.directory().resolve("cache"));
        Files.createSymbolicLink(
                cache.resolve("guest"), RuntimeSettings.load().cacheDir().resolve("guest"));
        screen = new Screen(sandbox, 80, 24);
        before = screen.settings();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        if (sandbox == null) {
            return;
        }
        try {
            if (screen != null) {
                screen.close();
            }
            sandbox.assertNothingLeft();
        } finally {
            sandbox.close();
            registry.close();
        }
    }

    @Test
    void aPullIsBarsThenLinesThenTheCommandsOutput() throws Exception {
        String image = registry.push("v1", "{}");
        // The first bytes are the manifest's and the configuration's; then the layer stands still.
        registry.stallAfter(200_000);
        screen.launch("run --rootfs " + image + " --exec 'echo here$((40 + 2))'");
        screen.await("KiB/");
        assertThat(Sandbox.waitFor(registry::isStalled)).isTrue();
        assertThat(screen.text()).containsPattern("layer [0-9a-f]+ +\\[#*-*]  [0-9.]+ [KM]iB/[0-9.]+ [KM]iB");

        // Interrupted, the bars are gone and the prompt is where they were.
        screen.press("C-c");
        screen.awaitLine("code=130");
        assertThat(screen.text()).doesNotContain("[#").doesNotContain("KiB/").doesNotContain("[-");
        assertThat(screen.settings()).isEqualTo(before);

        // What has come is kept, and the rest is let through now.
        screen.type("clear");
        screen.launch("run --rootfs " + image + " --exec 'echo here$((40 + 2))'");
        screen.awaitLine("code=0");
        assertThat(screen.text().lines().map(String::strip))
                .anyMatch(line -> line.matches("vmette: layer [0-9a-f]+, .* in [0-9.]+ s"))
                .anyMatch(line -> line.matches("vmette: making an image of 2 layers, .* in [0-9.]+ s"))
                .contains("here42")
                .noneMatch(line -> line.contains("[#") || line.contains("[-"));
        assertThat(screen.settings()).isEqualTo(before);
    }

    @Test
    void anImageRunsWhatItSays() throws Exception {
        String image = registry.push(
                "says",
                "{\"Entrypoint\":[\"/bin/wrap\",\"one\"],\"Cmd\":[\"two\"]}",
                "bin/wrap",
                "#!/bin/sh\necho wrapped $*\ntty\nexit 5\n");
        Launched.Result plain = Launched.run(sandbox, "run", "--quiet", "--rootfs", image);
        assertThat(plain.stderr()).isEmpty();
        assertThat(plain.stdout()).isEqualTo("wrapped one two\nnot a tty\n");
        assertThat(plain.code()).isEqualTo(5);

        screen.launch("run --quiet --rootfs " + image);
        screen.awaitLine("code=5");
        assertThat(screen.text()).contains("wrapped one two").contains("/dev/pts/0");

        Launched.Result past =
                Launched.run(sandbox, "run", "--quiet", "--no-entrypoint", "--rootfs", image, "--exec", "echo $0 only");
        assertThat(past.stdout()).isEqualTo("/bin/sh only\n");
        Launched.Result nothing = Launched.run(sandbox, "run", "--quiet", "--no-entrypoint", "--rootfs", image);
        assertThat(nothing.stderr()).startsWith("vmette: nothing to run: --exec CMD says what");
        assertThat(nothing.code()).isEqualTo(2);

        screen.launch("run --quiet --no-entrypoint --rootfs " + image);
        screen.await("/ # ");
        screen.type("exit 6");
        screen.awaitLine("code=6");
        assertThat(screen.settings()).isEqualTo(before);
    }

    @Test
    void anImageThatSaysNothingIsRefusedWithoutATerminalAndAShellAtOne() throws Exception {
        String image = registry.push("bare", "{}");
        Launched.Result plain = Launched.run(sandbox, "run", "--quiet", "--rootfs", image);
        assertThat(plain.stderr())
                .isEqualTo(
                        "vmette: nothing to run: the root says neither an entrypoint nor a command; say what with --exec CMD\n");
        assertThat(plain.code()).isEqualTo(2);
        screen.launch("run --quiet --rootfs " + image);
        screen.await("/ # ");
        screen.type("exit 6");
        screen.awaitLine("code=6");
    }

    @Test
    void withQuietNothingIsDrawn() throws Exception {
        String image = registry.push("v1", "{}");
        screen.launch("run --quiet --rootfs " + image + " --exec 'echo here$((40 + 2))'");
        screen.awaitLine("code=0");
        assertThat(screen.text()).contains("here42").doesNotContain("layer").doesNotContain("vmette:");
    }
}
