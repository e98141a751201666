package vmette.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.process.RuntimeDirectory;

/** What the daemon finds around it, told by a script in its place. */
class ShareCommandTest {
    private static final Path RUN = Path.of("/run");
    private static final String TRACE = "vmette-share-command-test";

    @TempDir
    private Path directory;

    private Path shared;
    private Path daemon;

    @BeforeEach
    void prepare() throws IOException {
        shared = Files.createDirectory(directory.resolve("shared, it is"));
        Files.writeString(shared.resolve("page"), "a page\n");
        daemon = Files.writeString(
                directory.resolve("daemon"),
                "#!/bin/sh\nsocket=${1#--socket-path=} source=${3#source=}\n"
                        + "{ cat \"$source/page\"; touch \"$source/written\" 2>/dev/null && echo written;"
                        + " mkdir -p /run/" + TRACE + " && echo left; } >\"$socket\"\n");
        Files.setPosixFilePermissions(daemon, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String told(Path home, boolean root, boolean readOnly) throws Exception {
        Path mountAt = Files.createDirectory(home.resolve("fs0.sock.d"));
        Path socket = home.resolve("fs0.sock");
        List<String> line =
                ShareCommand.of(Path.of("/usr/bin/unshare"), daemon, root, shared, readOnly, mountAt, socket);
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assumeTrue(!said.contains("unshare failed"), said);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(Files.exists(RUN.resolve(TRACE))).as("left in /run").isFalse();
        return Files.readString(socket);
    }

    @Test
    void theDaemonSeesTheDirectoryAndLeavesNothingInRun() throws Exception {
        boolean root = RuntimeDirectory.isRoot();
        assertThat(told(Files.createDirectory(directory.resolve("rw")), root, false))
                .isEqualTo("a page\nwritten\nleft\n");
        assertThat(told(Files.createDirectory(directory.resolve("ro")), root, true))
                .isEqualTo("a page\nleft\n");
    }

    @Test
    void theRuntimesDirectoryMayBeBelowRun() throws Exception {
        String session = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "/run");
        Path base = Path.of(session);
        assumeTrue(base.startsWith(RUN) && Files.isWritable(base), "needs a directory below /run");
        Path home = Files.createTempDirectory(base, "vmette-test");
        try {
            assertThat(told(home, false, true)).isEqualTo("a page\nleft\n");
        } finally {
            Files.deleteIfExists(home.resolve("fs0.sock"));
            Files.deleteIfExists(home.resolve("fs0.sock.d"));
            Files.delete(home);
        }
    }
}
