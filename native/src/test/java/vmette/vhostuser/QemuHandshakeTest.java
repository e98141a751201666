package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.StepLoop;

/** The QEMU that is installed realises its vsock device against this back-end; no guest runs. */
class QemuHandshakeTest {
    private static final String QEMU = "qemu-system-x86_64";
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    /** Counts how often the configuration space was asked for: the last step of realising the device. */
    private static final class CountingDevice implements VhostUserDevice {
        private final EchoDevice device = new EchoDevice();
        private int configReads;

        @Override
        public int queueCount() {
            return device.queueCount();
        }

        @Override
        public long deviceFeatures() {
            return 0;
        }

        @Override
        public byte[] config() {
            configReads++;
            return device.config();
        }

        @Override
        public void ringStarted(int index, Vring ring) {
            device.ringStarted(index, ring);
        }

        @Override
        public void ringStopped(int index) {
            device.ringStopped(index);
        }

        @Override
        public void ringKicked(int index) {
            device.ringKicked(index);
        }

        @Override
        public void disconnected(String reason) {
            device.disconnected(reason);
        }
    }

    @BeforeEach
    void qemuIsInstalled() throws IOException {
        assumeTrue(Arrays.stream(System.getenv("PATH").split(":"))
                .anyMatch(place -> Files.isExecutable(Path.of(place, QEMU))));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void qemuAcceptsTheDevice() throws Exception {
        CountingDevice device = new CountingDevice();
        Path path = directory.resolve("s");
        Path output = directory.resolve("output");
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(path, loop, () -> device)) {
            Process qemu = new ProcessBuilder(command(path))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                long deadline = System.nanoTime() + DEADLINE.toNanos();
                while (device.configReads == 0 && qemu.isAlive() && System.nanoTime() < deadline) {
                    loop.step(Duration.ofMillis(50));
                }
                assertThat(device.configReads).as(Files.readString(output)).isEqualTo(1);
                assertThat(listener.isConnected()).isTrue();
                assertThat(device.device.events).as("no driver, no rings").isEmpty();
                qemu.destroy();
                while (listener.isConnected() && System.nanoTime() < deadline) {
                    loop.step(Duration.ofMillis(50));
                }
                assertThat(device.device.events).containsExactly("disconnected: the front-end closed the connection");
            } finally {
                qemu.destroyForcibly();
                assertThat(qemu.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    private static List<String> command(Path socket) {
        return List.of(
                QEMU,
                "-M",
                "pc,memory-backend=mem",
                "-accel",
                "tcg",
                "-m",
                "64",
                "-object",
                "memory-backend-memfd,id=mem,size=64M,share=on",
                "-nodefaults",
                "-no-user-config",
                "-nographic",
                "-S",
                "-chardev",
                "socket,id=vs,path=" + socket,
                "-device",
                "vhost-user-vsock-pci,chardev=vs");
    }
}
