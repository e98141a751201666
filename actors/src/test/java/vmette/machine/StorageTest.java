package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.NetBackend;
import vmette.config.NetSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;
import vmette.process.ChildProcesses;
import vmette.process.Executables;
import vmette.process.RuntimeDirectory;
import vmette.process.SocketDaemon;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;

/** With shell scripts as daemons. */
class StorageTest {
    private static final NetSettings NET = new NetSettings(NetBackend.SLIRP, Optional.empty());

    @TempDir
    private Path base;

    private final List<SocketDaemon> started = new ArrayList<>();
    private final AtomicInteger released = new AtomicInteger();
    private ChildProcesses children;
    private Path directory;

    @BeforeEach
    void open() throws IOException {
        Files.createFile(base.resolve("image"));
        children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
        directory = children.directory().createVmDirectory("vm");
    }

    @AfterEach
    void close() {
        children.close();
    }

    private Optional<RootfsArtifact> image() {
        return Optional.of(new RootfsArtifact.Image(
                base.resolve("image"), ImageFormat.SQUASHFS, ImageDefaults.NONE, released::incrementAndGet));
    }

    private static VmSpecBuilder spec() {
        return VmSpec.builder().rootfs("image");
    }

    private Path scratches() {
        return base.resolve("scratches");
    }

    private Storage prepare(VmSpec spec) {
        return Storage.prepare(
                spec,
                new GatheredFiles(image()),
                List.of(),
                children,
                directory,
                Scratch.Source.of(scratches()),
                NET,
                this::serve);
    }

    /** Ends late: what it leaves behind holds its output, which is heard to its end. One for the share {@code broken} does not start. */
    private SocketDaemon serve(ChildProcesses of, String name, Path shared, boolean readOnly, Path socket) {
        if (name.equals("the share broken")) {
            throw new StartFailedException("broken, as the test wants it");
        }
        String script = "setpriv --pdeathsig KILL sleep 30 & : >'" + socket + "'; wait";
        SocketDaemon daemon = SocketDaemon.start(of, name, List.of("/bin/sh", "-c", script), socket);
        started.add(daemon);
        return daemon;
    }

    @Test
    void whenAStartHasFailedNothingOfItIsLeft() {
        VmSpec spec = spec().share("work", base).share("broken", base).build();
        assertThatThrownBy(() -> prepare(spec))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("broken");
        assertThat(started).singleElement().satisfies(daemon -> assertThat(
                        daemon.ended().toCompletableFuture())
                .isDone());
        assertThat(released).hasValue(1);
    }

    @Test
    void aPartThatCannotBeClosedKeepsNoOtherOpen() throws Exception {
        Assumptions.assumeTrue(
                Executables.find("mkfs.ext4", List.of("/usr/sbin", "/sbin")).isPresent(), "there is no mkfs.ext4 here");
        Storage storage = prepare(spec().share("work", base).scratchMib(16).build());
        Path scratch = scratch();
        Files.delete(scratch);
        // A directory with something in it cannot be removed as a file is.
        Files.createDirectories(scratch.resolve("something"));
        assertThatThrownBy(storage::close)
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(scratch.toString());
        assertThat(released).hasValue(1);
        assertThat(started).hasSize(1);
        storage.gone().toCompletableFuture().get(1, TimeUnit.MINUTES);
    }

    private Path scratch() throws IOException {
        try (Stream<Path> files = Files.list(scratches())) {
            return files.findFirst().orElseThrow();
        }
    }
}
