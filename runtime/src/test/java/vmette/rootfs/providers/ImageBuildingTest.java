package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

/** Several builders, and builders that do not come to an end. */
class ImageBuildingTest {
    @TempDir
    Path cache;

    private final byte[] archive = new Tar().file("f", "x".repeat(500_000)).bytes();

    private RootfsRequest request() {
        return new RootfsRequest("test", cache, 1 << 24, true, RootfsProgress.NONE);
    }

    private List<Path> left(String glob) throws IOException {
        Path images = cache.resolve("images");
        return Files.isDirectory(images) ? CacheFiles.list(images, glob) : List.of();
    }

    private LayerSource counted(AtomicInteger opened) {
        return new LayerSource() {
            @Override
            public String name() {
                return "counted";
            }

            @Override
            public InputStream open() {
                opened.incrementAndGet();
                return new ByteArrayInputStream(archive);
            }
        };
    }

    @Test
    void manyThreadsMakeAnImageOnce() throws Exception {
        AtomicInteger opened = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(6);
        try {
            List<Future<RootfsArtifact.Image>> images = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                images.add(threads.submit(
                        () -> new ImageStore().image("one", ImageDefaults.NONE, List.of(counted(opened)), request())));
            }
            for (Future<RootfsArtifact.Image> each : images) {
                each.get(60, TimeUnit.SECONDS).close();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(opened).as("one build of two passes").hasValue(2);
        assertThat(left("*.squashfs")).hasSize(1);
    }

    /** Whoever comes while it is made gets it when it is made, not when its first user has no more need of it. */
    @RepeatedTest(5)
    void whoWaitsForABuilderDoesNotWaitForUsers() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(6);
        List<RootfsArtifact.Image> held = new ArrayList<>();
        try {
            List<Future<RootfsArtifact.Image>> images = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                images.add(threads.submit(() -> new ImageStore()
                        .image("held", ImageDefaults.NONE, List.of(counted(new AtomicInteger())), request())));
            }
            for (Future<RootfsArtifact.Image> each : images) {
                held.add(each.get(60, TimeUnit.SECONDS));
            }
        } finally {
            held.forEach(RootfsArtifact.Image::close);
            threads.shutdownNow();
        }
        assertThat(held).hasSize(6);
    }

    @Test
    void anotherProcessIsWaitedFor() throws Exception {
        Process other = slowBuilder();
        try {
            AtomicInteger opened = new AtomicInteger();
            List<String> said = new ArrayList<>();
            RootfsProgress progress = new RootfsProgress() {
                @Override
                public void say(String line) {
                    said.add(line);
                    try {
                        other.getOutputStream().close();
                    } catch (IOException e) {
                        said.add(e.toString());
                    }
                }

                @Override
                public Transfer transfer(String what, long totalBytes) {
                    return RootfsProgress.NONE.transfer(what, totalBytes);
                }
            };
            RootfsRequest request = new RootfsRequest("test", cache, 1 << 24, true, progress);
            try (RootfsArtifact.Image image =
                    new ImageStore().image(SlowBuilder.KEY, ImageDefaults.NONE, List.of(counted(opened)), request)) {
                assertThat(Unsquashed.content(image.file(), "f")).isEqualTo("slow");
            }
            assertThat(said).singleElement().asString().startsWith("waiting for another");
            assertThat(opened).hasValue(0);
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    @Test
    void whatAKilledProcessLeavesIsRemovedByTheNextBuilder() throws Exception {
        Process other = slowBuilder();
        other.destroyForcibly().waitFor();
        assertThat(left("*.building")).hasSize(1);
        new ImageStore()
                .image("another", ImageDefaults.NONE, List.of(Tar.layer("layer", archive)), request())
                .close();
        assertThat(left("*.building")).isEmpty();
        new ImageStore()
                .image(SlowBuilder.KEY, ImageDefaults.NONE, List.of(Tar.layer("layer", archive)), request())
                .close();
        assertThat(left("*.squashfs")).hasSize(2);
    }

    /** In the middle of its work. */
    private Process slowBuilder() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SlowBuilder.class.getName(),
                        cache.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (left("*.building").isEmpty()) {
            assertThat(process.isAlive()).as("the other process").isTrue();
            Thread.sleep(10);
        }
        return process;
    }

    @Test
    void anInterruptLeavesTheCacheAsItWas() throws IOException {
        AtomicInteger passes = new AtomicInteger();
        LayerSource layer = new LayerSource() {
            @Override
            public String name() {
                return "interrupted";
            }

            @Override
            public InputStream open() {
                if (passes.getAndIncrement() > 0) {
                    Thread.currentThread().interrupt();
                }
                return new ByteArrayInputStream(archive);
            }
        };
        assertThatThrownBy(() -> new ImageStore().image("x", ImageDefaults.NONE, List.of(layer), request()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(passes).hasValue(2);
        assertThat(left("*")).allSatisfy(each -> assertThat(each.toString()).endsWith(".lock"));
    }

    @Test
    void aMissingToolIsNamedWithItsPackage() throws IOException {
        assertThatThrownBy(() -> new ImageStore("/nowhere/sqfstar")
                        .image("x", ImageDefaults.NONE, List.of(Tar.layer("layer", archive)), request()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("/nowhere/sqfstar")
                .hasMessageContaining("apt-get install squashfs-tools");
        assertThat(left("*.squashfs")).isEmpty();
    }

    @Test
    void aFullDiskIsSaidToBeFull() throws IOException {
        String tool = tool("echo 'Write failed because No space left on device'; echo 'FATAL ERROR: x' >&2; exit 1");
        assertThatThrownBy(() -> new ImageStore(tool)
                        .image("x", ImageDefaults.NONE, List.of(Tar.layer("layer", archive)), request()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(cache.resolve("images").toString())
                .hasMessageContaining("the disk is full");
        assertThat(left("{*.squashfs,*.building}")).isEmpty();
    }

    @Test
    void aToolThatLeavesFilesOutIsNotBelieved() throws IOException {
        byte[] less = new Tar().file("g", "").bytes();
        Path other = Files.write(cache.resolve("less.tar"), less);
        String tool = tool("exec_in=" + other + "; cat >/dev/null; exec sqfstar \"$@\" <$exec_in");
        byte[] more = new Tar().file("g", "").file("h", "").bytes();
        assertThatThrownBy(() -> new ImageStore(tool)
                        .image("x", ImageDefaults.NONE, List.of(Tar.layer("layer", more)), request()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("2 files of 3");
        assertThat(left("{*.squashfs,*.building}")).isEmpty();
    }

    private String tool(String script) throws IOException {
        Path tool = Files.writeString(cache.resolve("tool"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwx------"));
        return tool.toString();
    }
}
