package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.OwnedFd;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuInstallation;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;

/** {@code vmette snapshot ...} over bundles of machines that there never were. */
class SnapshotCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MEMORY_MIB = 4;
    private static final String KERNEL = "0123456789abcdef".repeat(4);

    @TempDir
    private Path temporary;

    private Path store;
    private Path config;

    private record Said(int code, String out, String err) {}

    @BeforeEach
    void configure() throws IOException {
        store = temporary.resolve("snapshots");
        config = Files.writeString(
                temporary.resolve("my.conf"),
                "vmette { cache-dir = \"" + temporary + "\", qemu.binary = " + emulator("7.2.22") + " }");
    }

    /** Says its version, as the real one does. */
    private Path emulator(String version) throws IOException {
        Path file = Files.writeString(
                temporary.resolve("qemu-" + version), "#!/bin/sh\necho QEMU emulator version " + version + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }

    private Said vmette(String... arguments) {
        List<String> all = new ArrayList<>(List.of("snapshot"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--config", config.toString()));
        String[] line = all.toArray(String[]::new);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(Map.of(), line)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(line);
        return new Said(code, out.toString(), err.toString());
    }

    private Bundle taken(String given) throws IOException {
        Path memory = temporary.resolve("ram");
        try (FileChannel channel = FileChannel.open(memory, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 0);
            channel.write(ByteBuffer.wrap(new byte[] {1}), 2 << 20);
            channel.write(ByteBuffer.allocate(1), (MEMORY_MIB << 20) - 1);
        }
        BundlePlace place = BundlePlace.of(given, store);
        String accelerator =
                Accelerator.choose(vmette.config.AcceleratorChoice.AUTO).word();
        try (BundleWriter writer = place.store().begin(place.name(), 1)) {
            writer.state(new ByteArrayInputStream(new byte[1000]));
            writer.memory(memory);
            return writer.commit(new MachineIdentity(
                    "qemu",
                    "7.2.22",
                    "pc",
                    accelerator,
                    "max",
                    1,
                    MEMORY_MIB,
                    KERNEL,
                    "f".repeat(64),
                    new TreeMap<>(Map.of("cmdline", "quiet", "guest-vsock-port", "1025"))));
        }
    }

    private static void damage(Bundle bundle, long at) throws IOException {
        try (FileChannel channel = FileChannel.open(bundle.memory(), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {7}), at);
        }
    }

    private static void cut(Bundle bundle) throws IOException {
        try (FileChannel channel = FileChannel.open(bundle.memory(), StandardOpenOption.WRITE)) {
            channel.truncate(1 << 20);
        }
    }

    @Test
    void nothingIsListedAndMadeWhereThereIsNothing() {
        Said said = vmette("ls");
        assertThat(said.out().strip()).isEqualTo("NAME  AGE  MEMORY  ON DISK  VMM  KERNEL  NOTE");
        assertThat(said.code()).isZero();
        assertThat(store).doesNotExist();
    }

    @Test
    void oneThatIsBrokenIsListedBesideTheOthers() throws IOException {
        taken("golden");
        cut(taken("broken"));
        Said said = vmette("ls");
        assertThat(said.code()).isZero();
        assertThat(said.err()).isEmpty();
        List<String> lines = said.out().lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).matches("NAME +AGE +MEMORY +ON DISK +VMM +KERNEL +NOTE");
        assertThat(lines.get(1))
                .matches(
                        "broken +\\? +\\? +[0-9.]+ [KM]iB +\\? +\\? +cannot be restored: memory is cut: it has 1048576 of"
                                + " 4194304 bytes");
        assertThat(lines.get(2)).matches("golden +\\S.* +4 MiB +[0-9.]+ KiB +qemu 7\\.2\\.22 +0123456789ab");

        JsonNode listed = JSON.readTree(vmette("ls", "--json").out());
        assertThat(listed.path("directory").asText()).isEqualTo(store.toString());
        JsonNode broken = listed.path("snapshots").path(0);
        assertThat(broken.path("name").asText()).isEqualTo("broken");
        assertThat(broken.path("problem").asText()).startsWith("memory is cut");
        assertThat(broken.path("takenAt").isNull()).isTrue();
        JsonNode golden = listed.path("snapshots").path(1);
        assertThat(golden.path("problem").isNull()).isTrue();
        assertThat(golden.path("memoryMib").asInt()).isEqualTo(4);
        assertThat(golden.path("memoryFilledMib").asInt()).isEqualTo(2);
        assertThat(golden.path("kernel").asText()).isEqualTo(KERNEL);
        assertThat(golden.path("spec").path("guest-vsock-port").asText()).isEqualTo("1025");
        assertThat(Instant.parse(golden.path("takenAt").asText())).isBefore(Instant.now());
        assertThat(golden.path("bytesOnDisk").asLong()).isBetween(1L, MEMORY_MIB << 20);
    }

    @Test
    void whatAnotherQemuHasTakenIsListedWithTheReason() throws IOException {
        taken("golden");
        config = Files.writeString(
                temporary.resolve("other.conf"),
                "vmette { cache-dir = \"" + temporary + "\", qemu.binary = " + emulator("9.1.0") + " }");
        String why = "cannot be restored: it was taken with qemu 7.2.22, and here is 9.1.0";
        assertThat(vmette("ls").out()).contains(why);
        assertThat(vmette("inspect", "golden").out())
                .contains("note        cannot be restored here: it was taken with qemu 7.2.22");
        // It is whole all the same.
        assertThat(vmette("verify", "golden").code()).isZero();
    }

    @Test
    void anotherAcceleratorIsAReasonToo() throws IOException {
        SnapshotFacts facts = SnapshotFacts.of("golden", taken("golden"));
        for (Accelerator accelerator : Accelerator.values()) {
            Optional<String> obstacle = facts.obstacle(Optional.of(new QemuInstallation(
                    Optional.empty(), Optional.of("7.2.22"), Optional.of(accelerator), Optional.empty())));
            boolean same = accelerator
                    .word()
                    .equals(facts.manifest().orElseThrow().machine().accelerator());
            assertThat(obstacle.isEmpty()).isEqualTo(same);
        }
        assertThat(facts.obstacle(Optional.empty())).isEmpty();
    }

    @Test
    void aManifestIsShown() throws IOException {
        Bundle bundle = taken("golden");
        SnapshotFacts facts = SnapshotFacts.of("golden", bundle);
        Instant later = bundle.manifest().takenAt().plus(Duration.ofMinutes(130));
        assertThat(SnapshotInspectCommand.text(facts, Optional.of("why"), later).lines())
                .contains(
                        "snapshot    " + store.resolve("golden"),
                        "machine     pc, 1 vcpu, 4 MiB, CPU model max",
                        "kernel      SHA-256 " + KERNEL,
                        "memory      2 of 4 MiB in use",
                        "state       1000 B",
                        "cmdline     quiet",
                        "guest-vsock-port 1025",
                        "note        cannot be restored here: why")
                .anyMatch(line -> line.matches("taken       [0-9-]{10} [0-9:]{8}, 2h 10m ago"));
        Said said = vmette("inspect", "golden");
        assertThat(said.code()).isZero();
        assertThat(said.out())
                .startsWith("snapshot    " + store.resolve("golden"))
                .doesNotContain("note");
        assertThat(JSON.readTree(vmette("inspect", "golden", "--json").out())
                        .path("machine")
                        .asText())
                .isEqualTo("pc");
    }

    @Test
    void whatIsNotThereIsSaidWithWhatThereIs() throws IOException {
        taken("golden");
        taken("silver");
        for (String command : List.of("inspect", "verify", "rm")) {
            Said said = vmette(command, "gold");
            assertThat(said.code()).isEqualTo(1);
            assertThat(said.out()).isEmpty();
            assertThat(said.err())
                    .startsWith("vmette: there is no snapshot gold in " + store + "; there are golden, silver");
            assertThat(vmette(command, temporary + "/none").err())
                    .startsWith("vmette: there is no snapshot " + temporary.resolve("none"));
            Said refused = vmette(command, "a b");
            assertThat(refused.code()).isEqualTo(2);
            assertThat(refused.err()).startsWith("vmette: no snapshot can be called \"a b\"");
        }
    }

    @Test
    void damageIsNamedByItsFileAndMebibyte() throws IOException {
        Bundle bundle = taken(temporary + "/snap");
        Said said = vmette("verify", bundle.directory().toString());
        assertThat(said.code()).isZero();
        assertThat(said.out()).startsWith("snap is as it was written: ");
        assertThat(JSON.readTree(vmette("verify", bundle.directory().toString(), "--json")
                                .out())
                        .path("verified")
                        .asBoolean())
                .isTrue();
        damage(bundle, (2 << 20) + 5);
        Said damaged = vmette("verify", bundle.directory().toString());
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out()).isEmpty();
        assertThat(damaged.err())
                .startsWith("vmette: the snapshot " + bundle.directory()
                        + " cannot be restored: memory differs from its checksum in MiB 2: it was damaged or changed");
    }

    @Test
    void whatIsInUseStaysAndTheOthersGo() throws IOException {
        taken("one");
        cut(taken("two"));
        taken("three");
        Bundle path = taken(temporary + "/snap");
        try (OwnedFd held = BundlePlace.of("one", store).hold()) {
            Said said = vmette("rm", "one", "two", path.directory().toString(), "four");
            assertThat(held.isClosed()).isFalse();
            assertThat(said.code()).isEqualTo(1);
            assertThat(said.out().lines()).hasSize(2).allMatch(line -> line.matches("removed (two|snap), .*iB"));
            assertThat(said.err().lines())
                    .satisfiesExactly(
                            line -> assertThat(line).startsWith("vmette: the snapshot one is in use"),
                            line -> assertThat(line).startsWith("vmette: there is no snapshot four"));
            assertThat(path.directory()).doesNotExist();

            JsonNode told = JSON.readTree(vmette("rm", "--all", "--json").out());
            assertThat(told.path("removed").findValuesAsText("name")).containsExactly("three");
            assertThat(told.path("refused").path(0).path("message").asText()).contains("in use");
        }
        Said last = vmette("rm", "--all", "--quiet");
        assertThat(last.code()).isZero();
        assertThat(last.out()).isEmpty();
        assertThat(store).isEmptyDirectory();
    }

    @Test
    void aDirectoryThatIsNoSnapshotIsNotRemoved() throws IOException {
        Path work = Files.createDirectory(temporary.resolve("work"));
        Files.writeString(work.resolve("thesis"), "mine");
        Said said = vmette("rm", work.toString());
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).startsWith("vmette: " + work + " is left as it is: it is no snapshot");
        assertThat(work.resolve("thesis")).hasContent("mine");
    }
}
