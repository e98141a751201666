package vmette.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.MemFd;
import vmette.linux.OwnedFd;
import vmette.linux.PeerCredentials;
import vmette.linux.StepLoop;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestMemoryLostException;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRegion;
import vmette.memory.MappingProcess;
import vmette.memory.MappingProcess.How;
import vmette.virtio.GuestDriver;

/** Front-ends that are other processes, and have mapped the guest's memory as they were told, or not. */
class GuestMemoryAccessTest {
    private static final int SIZE = 64 << 10;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private static MappingProcess privately;
    private static MappingProcess shared;
    private static MappingProcess readOnly;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        privately = MappingProcess.start(How.PRIVATE, SIZE);
        shared = MappingProcess.start(How.SHARED, SIZE);
        readOnly = MappingProcess.start(How.READ_ONLY, SIZE);
    }

    @AfterAll
    static void end() {
        List.of(privately, shared, readOnly).forEach(MappingProcess::close);
    }

    @BeforeEach
    void closeDirectory() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }

    private static PeerCredentials peer(long pid) {
        return new PeerCredentials((int) pid, 0, 0);
    }

    private static Supplier<GuestMemory> table(
            GuestMemoryAccess access, MappingProcess process, long offset, long size) {
        return () -> {
            try (GuestMemorySource source = access.apply(peer(process.pid()));
                    OwnedFd file = MemFd.create("memory", Math.min(size, 1 << 20))) {
                return source.open(List.of(new GuestRegion(0, size, process.address() + offset, 0)), List.of(file));
            }
        };
    }

    private static void refused(Supplier<GuestMemory> table, String why) {
        assertThatThrownBy(table::get).isInstanceOf(GuestMemoryException.class).hasMessageContaining(why);
    }

    @Test
    void onlyWhatIsMappedAsItWasMeantIsTaken() {
        table(GuestMemoryAccess.PRIVATE, privately, 0, SIZE).get().close();
        table(GuestMemoryAccess.PRIVATE, privately, 4096, SIZE - 4096).get().close();
        table(GuestMemoryAccess.SHARED, shared, 0, SIZE).get().close();
        refused(
                table(GuestMemoryAccess.PRIVATE, shared, 0, SIZE),
                "mapped shared by the front-end, but was meant to be private");
        refused(table(GuestMemoryAccess.PRIVATE, readOnly, 0, SIZE), "mapped shared");
        refused(
                table(GuestMemoryAccess.SHARED, privately, 0, SIZE),
                "mapped private by the front-end, but was meant to be shared");
    }

    @Test
    void whatIsNotMappedThroughoutIsRefused() {
        refused(table(GuestMemoryAccess.PRIVATE, privately, 0, 1L << 44), "is not mapped by the front-end");
        refused(table(GuestMemoryAccess.PRIVATE, privately, -privately.address(), 4096), "is not mapped");
        refused(
                table(GuestMemoryAccess.PRIVATE, privately, -privately.address() - 4096, 4096),
                "user address 0xfffffffffffff000 is not mapped");
    }

    @Test
    void memoryOfStrangersIsNotOpened() {
        long parent = ProcessHandle.current().parent().orElseThrow().pid();
        for (long pid : new long[] {parent, ProcessHandle.current().pid(), 1, 1 << 22}) {
            assertThatThrownBy(() -> GuestMemoryAccess.PRIVATE.apply(peer(pid)))
                    .isInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("process " + pid + ", is no child of this one");
        }
    }

    @Test
    void anAddressSpaceThatIsGoneIsLostWhoeverHasThePidNext() {
        try (MappingProcess mortal = MappingProcess.start(How.PRIVATE, SIZE);
                GuestMemorySource source = GuestMemoryAccess.PRIVATE.apply(peer(mortal.pid()))) {
            GuestMemory memory = source.open(List.of(new GuestRegion(0, SIZE, mortal.address(), 0)), List.of());
            mortal.kill();
            assertThatThrownBy(() -> memory.getInt(0)).isInstanceOf(GuestMemoryLostException.class);
            assertThatThrownBy(() -> source.open(List.of(new GuestRegion(0, SIZE, mortal.address(), 0)), List.of()))
                    .isInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("maps cannot be read");
        }
    }

    /** What a front-end in another process says in the end, and the device. */
    private record Outcome(String frontend, List<String> device) {}

    private Outcome serve(GuestMemoryAccess access, String mapping, long offset, Path file) throws Exception {
        EchoDevice device = new EchoDevice();
        Path socket = directory.resolve("s");
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(socket, loop, () -> device, access, pid -> true)) {
            Process process = MappingProcess.javaProcess(
                    PrivateFrontend.class, socket.toString(), file.toString(), mapping, Long.toString(offset));
            try (BufferedReader said = process.inputReader()) {
                CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
                    try {
                        return String.valueOf(said.readLine());
                    } catch (IOException e) {
                        return e.toString();
                    }
                });
                long deadline = System.nanoTime() + DEADLINE.toNanos();
                while ((!line.isDone() || listener.isConnected()) && System.nanoTime() - deadline < 0) {
                    loop.step(Duration.ofMillis(20));
                }
                assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                return new Outcome(line.join(), List.copyOf(device.events));
            } finally {
                process.destroyForcibly();
            }
        }
    }

    private Path file() throws IOException {
        Path file = directory.resolve("memory");
        Files.write(file, new byte[(int) GuestDriver.bytes(8)]);
        return file;
    }

    @Test
    void aRingInPrivateMemoryIsServedAndTheFileStaysAsItWas() throws Exception {
        Path file = file();
        Outcome outcome = serve(GuestMemoryAccess.PRIVATE, "PRIVATE", 0, file);
        assertThat(outcome.frontend()).isEqualTo("over the wall");
        assertThat(outcome.device())
                .startsWith("started 0", "kicked 0")
                .endsWith("stopped 0", "disconnected: the front-end closed the connection");
        assertThat(Files.readAllBytes(file)).containsOnly(0);
    }

    @Test
    void aMappingOfTheOtherKindEndsTheSessionAndWritesNothing() throws Exception {
        Path file = file();
        Outcome outcome = serve(GuestMemoryAccess.PRIVATE, "READ_WRITE", 0, file);
        assertThat(outcome.frontend()).startsWith("failed: ");
        assertThat(outcome.device()).singleElement().asString().contains("disconnected: the guest's memory", "shared");
        outcome = serve(GuestMemoryAccess.SHARED, "PRIVATE", 0, file);
        assertThat(outcome.device()).singleElement().asString().contains("is mapped private by the front-end");
        assertThat(Files.readAllBytes(file)).containsOnly(0);
    }

    @Test
    void aFrontEndThatLiesAboutWhereItsMemoryIsLosesItsDeviceOnly() throws Exception {
        Outcome outcome = serve(GuestMemoryAccess.PRIVATE, "PRIVATE", 1L << 40, file());
        assertThat(outcome.device()).singleElement().asString().contains("is not mapped by the front-end");
    }

    @Test
    void aFrontEndThatIsNoChildIsExplainedToTheDevice() {
        // a front-end in this very process, which is not its own child
        EchoDevice device = new EchoDevice();
        try (StepLoop loop = new StepLoop();
                VhostUserListener listener = VhostUserListener.open(
                        directory.resolve("s"), loop, () -> device, GuestMemoryAccess.PRIVATE, pid -> true);
                FakeFrontend frontend = FakeFrontend.connect(directory.resolve("s"), loop::drain)) {
            loop.drain();
            assertThat(frontend.isDisconnected()).isTrue();
            assertThat(listener.isConnected()).isFalse();
            assertThat(loop.watched()).as("still listening").isEqualTo(1);
            assertThat(device.events).singleElement().asString().contains("is no child of this one");
        }
    }
}
