package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import vmette.config.RuntimeSettings;

/** A real registry, reached through a relay that can hold back what it answers, for tests of other packages. */
public final class RegistryFixture implements AutoCloseable {
    private static final String REPOSITORY = "team/app";

    private final Path directory;
    private final DockerRegistry registry;
    private final Relay relay;

    private RegistryFixture(Path directory, DockerRegistry registry) throws IOException {
        this.directory = directory;
        this.registry = registry;
        this.relay = new Relay(registry.port());
    }

    /**
     * Starts both.
     *
     * @param directory the registry's own
     */
    public static RegistryFixture open(Path directory) throws IOException, InterruptedException {
        return new RegistryFixture(directory, DockerRegistry.open(directory));
    }

    /**
     * Pushes an image with a shell and an account {@code app}.
     *
     * @param config the image's, as JSON
     * @param more files beside, name and text in turn; they are programs
     * @return its reference
     */
    public String push(String version, String config, String... more) throws IOException, InterruptedException {
        TestImages.Content[] files = new TestImages.Content[more.length / 2];
        for (int i = 0; i < files.length; i++) {
            files[i] = TestImages.file(more[2 * i], more[2 * i + 1]);
        }
        new TestImages(registry.host())
                .pushImage(REPOSITORY, version, config, programs(directory), TestImages.layer(files));
        return relay.host() + "/" + REPOSITORY + ":" + version;
    }

    /** After so many more bytes the connection that has them stands still for ever; new ones are let through. */
    public void stallAfter(long bytes) {
        relay.stallAfter(bytes);
    }

    /** Whether one stands still. */
    public boolean isStalled() {
        return relay.isStalled();
    }

    /** Busybox and two accounts, as a layer. */
    public static TestImages.Blob programs(Path directory) throws IOException, InterruptedException {
        Path tree = Files.createDirectories(directory.resolve("tree/bin")).getParent();
        Path busybox = tree.resolve("bin/busybox");
        if (!Files.exists(busybox)) {
            Files.copy(guestBusybox(), busybox);
            assertThat(busybox.toFile().setExecutable(true, false)).isTrue();
            for (String applet : new String[] {"sh", "cat", "id", "ls", "pwd", "echo", "tty", "stty", "stat"}) {
                Files.createSymbolicLink(tree.resolve("bin/" + applet), Path.of("busybox"));
            }
            Files.createDirectories(tree.resolve("etc"));
            Files.writeString(tree.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/srv:/bin/sh\n");
        }
        Path archive = directory.resolve("layer.tar.gz");
        Process tar = new ProcessBuilder(
                        "tar", "-C", tree.toString(), "--owner=0", "--group=0", "-czf", archive.toString(), ".")
                .start();
        assertThat(tar.waitFor()).isZero();
        return new TestImages.Blob(Files.readAllBytes(archive), TestImages.GZIP_LAYER);
    }

    private static Path guestBusybox() throws IOException {
        try (Stream<Path> files = Files.walk(RuntimeSettings.load().cacheDir().resolve("guest"))) {
            return files.filter(each -> each.getFileName().toString().equals("busybox"))
                    .filter(Files::isRegularFile)
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Override
    public void close() throws IOException {
        relay.close();
        registry.close();
    }
}
