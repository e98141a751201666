package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;
import vmette.linux.OpenFds;
import vmette.linux.StepLoop;
import vmette.memory.MappedGuestMemory;

class VhostUserListenerTest {
    @TempDir
    Path directory;

    private Set<String> before;
    private final EchoDevice device = new EchoDevice();

    @BeforeEach
    void remember() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        before = OpenFds.ours();
    }

    @AfterEach
    void nothingLeaks() {
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    @Test
    void servesOneFrontEndAtATimeAndTheNextAfterIt() {
        Path path = directory.resolve("s");
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(path, loop, () -> device)) {
            FakeFrontend first = FakeFrontend.connect(path, loop::drain);
            loop.drain();
            assertThat(listener.isConnected()).isTrue();
            assertThat(loop.watched()).as("the session, not the listener").isEqualTo(1);
            try (FakeFrontend second = FakeFrontend.connect(path, loop::drain)) {
                assertThat(first.getU64(FrontendRequest.GET_QUEUE_NUM)).isEqualTo(2);
                assertThat(loop.watched()).isEqualTo(1);
                first.close();
                assertThat(second.getU64(FrontendRequest.GET_QUEUE_NUM)).isEqualTo(2);
            }
            loop.drain();
            assertThat(device.events).hasSize(2).allMatch(event -> event.contains("closed the connection"));
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void closingEndsTheSession() {
        Path path = directory.resolve("s");
        try (StepLoop loop = new StepLoop()) {
            VhostUserListener listener = VhostUserListener.open(path, loop, () -> device);
            try (FakeFrontend frontend = FakeFrontend.connect(path, loop::drain)) {
                loop.drain();
                listener.close();
                listener.close();
                assertThat(device.events).containsExactly("disconnected: the device was closed");
                assertThat(frontend.isDisconnected()).isTrue();
                assertThat(loop.watched()).isZero();
            }
        }
    }

    @Test
    void strangersAreTurnedAway() {
        Path path = directory.resolve("s");
        long own = ProcessHandle.current().pid();
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(
                        path, loop, () -> device, peer -> MappedGuestMemory::open, pid -> pid != own)) {
            try (FakeFrontend frontend = FakeFrontend.connect(path, loop::drain)) {
                loop.drain();
                assertThat(frontend.isDisconnected()).isTrue();
                assertThat(listener.isConnected()).isFalse();
                assertThat(loop.watched()).as("still listening").isEqualTo(1);
                assertThat(device.events).isEmpty();
            }
        }
    }

    @Test
    void aDeviceThatCannotBeMadeLeavesTheListenerAlone() {
        Path path = directory.resolve("s");
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(path, loop, () -> {
                    throw new IllegalStateException("no device");
                })) {
            try (FakeFrontend frontend = FakeFrontend.connect(path, loop::drain)) {
                loop.drain();
                assertThat(frontend.isDisconnected()).isTrue();
                assertThat(listener.isConnected()).isFalse();
                assertThat(loop.watched()).isEqualTo(1);
            }
        }
    }

    @Test
    void placesThatDoNotServeAreRefusedInWords() throws IOException {
        try (StepLoop loop = new StepLoop()) {
            Path longPath = directory.resolve("x".repeat(100)).resolve("y".repeat(20));
            assertThatThrownBy(() -> VhostUserListener.open(longPath, loop, () -> device))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("107")
                    .hasMessageContaining("shorter");
            Path taken = Files.createFile(directory.resolve("taken"));
            assertThatThrownBy(() -> VhostUserListener.open(taken, loop, () -> device))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("something is there already");
            assertThatThrownBy(() -> VhostUserListener.open(directory.resolve("none/s"), loop, () -> device))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("create it");
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-x---"));
            assertThatThrownBy(() -> VhostUserListener.open(directory.resolve("s"), loop, () -> device))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("chmod 700");
            assertThat(loop.watched()).isZero();
        }
    }
}
