package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.OwnedFd;
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;

/** Looks at golden snapshots that somebody has left. */
class SnapshotPlacesTest {
    private static final String NAME = "golden-1";
    private static final MachineIdentity HERE = madeBy("10.0.2", "a");

    @TempDir
    private Path temporary;

    private BundleStore store;
    private SnapshotPlaces places;

    @BeforeEach
    void open() {
        store = BundleStore.open(temporary.resolve("store"));
        places = new SnapshotPlaces(() -> store);
    }

    private static MachineIdentity madeBy(String qemu, String kernel) {
        return new MachineIdentity(
                "qemu", qemu, "pc", "tcg", "max", 1, 1, kernel.repeat(64), "b".repeat(64), new TreeMap<>());
    }

    private void write(MachineIdentity machine) throws IOException {
        Path memory = Files.write(temporary.resolve("memory"), new byte[1 << 20]);
        try (BundleWriter writer = store.begin(NAME, 1)) {
            writer.state(new ByteArrayInputStream(new byte[] {1}));
            writer.memory(memory);
            writer.commit(machine);
        }
    }

    private GoldenLook look() {
        return places.lookAt(NAME, () -> HERE);
    }

    @Test
    void whereThereIsNoneNothingIsAskedFor() {
        assertThat(places.lookAt(NAME, () -> {
                    throw new AssertionError("nothing to compare it with");
                }))
                .isEqualTo(GoldenLook.NONE);
    }

    @Test
    void oneOfThisBuildIsOfUse() throws IOException {
        write(HERE);
        GoldenLook look = look();
        assertThat(look.foreign()).isEmpty();
        assertThat(look.usable()).hasValueSatisfying(snapshot -> {
            assertThat(snapshot.id()).isEqualTo(NAME);
            assertThat(snapshot.takenAt()).isEqualTo(store.open(NAME).manifest().takenAt());
        });
    }

    @Test
    void oneOfAnotherBuildIsRemovedAndSaysWhatDiffers() throws IOException {
        write(madeBy("7.2.9", "c"));
        GoldenLook look = look();
        assertThat(look.usable()).isEmpty();
        assertThat(look.foreign().orElseThrow().text())
                .contains(NAME, "the version of qemu was 7.2.9 and is 10.0.2; the kernel (SHA-256) was cccccccccccc")
                .endsWith("; it was removed, and a new one is taken");
        assertThat(store.names()).isEmpty();
    }

    @Test
    void oneThatSomebodyUsesStays() throws IOException {
        write(madeBy("7.2.9", "a"));
        try (OwnedFd used = store.hold(NAME)) {
            assertThat(used.fd()).isPositive();
            GoldenLook look = look();
            assertThat(look.usable()).isEmpty();
            assertThat(look.foreign().orElseThrow().text()).contains("7.2.9", "it stays: ", "is in use");
            assertThat(store.names()).containsExactly(NAME);
        }
        assertThat(look().foreign().orElseThrow().stays()).isEmpty();
        assertThat(store.names()).isEmpty();
    }

    @Test
    void oneThatCannotBeReadIsRemoved() throws IOException {
        write(HERE);
        Path manifest = store.open(NAME).directory().resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"version\":2", "\"version\":1"));
        GoldenLook.Foreign foreign = look().foreign().orElseThrow();
        assertThat(foreign.why()).contains("its format has version 1");
        assertThat(foreign.stays()).isEqualTo(Optional.empty());
        assertThat(store.names()).isEmpty();
    }

    @Test
    void whatIsNoSnapshotStays() throws IOException {
        Path other = Files.createDirectories(store.root().resolve(NAME));
        Files.writeString(other.resolve("letter"), "dear");
        GoldenLook.Foreign foreign = look().foreign().orElseThrow();
        assertThat(foreign.stays().orElseThrow()).contains("letter");
        assertThat(other.resolve("letter")).exists();
    }
}
