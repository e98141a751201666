package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Chains of disks' files in manifests. */
class ManifestChainsTest {
    private static ChunkSums sums(long bytes) {
        ChunkSums.Builder builder = new ChunkSums.Builder(bytes);
        builder.put(0, (int) bytes);
        return builder.build();
    }

    private static Manifest manifest(List<DiskFile> disks) {
        return new Manifest(
                Instant.EPOCH,
                Bundles.machine(),
                new StateFile(1, "c".repeat(64)),
                sums(Bundles.MEMORY_MIB << 20),
                disks);
    }

    private static DiskFile file(int number, int device, boolean overlay) {
        return new DiskFile("f" + number, "d" + device, overlay ? "qcow2" : "raw", sums(number + 1));
    }

    @Property(tries = 300)
    void chainsAreReadAsTheyAreWritten(@ForAll @Size(max = 8) List<@IntRange(min = 1, max = 4) Integer> lengths) {
        List<DiskFile> files = new ArrayList<>();
        for (int device = 0; device < lengths.size(); device++) {
            for (int link = 0; link < lengths.get(device); link++) {
                files.add(file(files.size(), device, link > 0));
            }
        }
        Manifest manifest = manifest(files);
        Manifest read = ManifestCodec.decode(ManifestCodec.encode(manifest));
        assertThat(read).isEqualTo(manifest);
        for (int device = 0; device < lengths.size(); device++) {
            assertThat(read.chain("d" + device)).hasSize(lengths.get(device));
        }
        assertThat(read.chain("other")).isEmpty();
    }

    /** Any list at all is taken if and only if it is what the first property makes. */
    @Property(tries = 3000)
    void anythingElseIsRefused(
            @ForAll @Size(max = 6) List<@IntRange(max = 2) Integer> devices,
            @ForAll @Size(min = 6, max = 6) List<Boolean> overlays) {
        List<DiskFile> files = new ArrayList<>();
        List<Integer> seen = new ArrayList<>();
        boolean chains = true;
        int links = 0;
        for (int i = 0; i < devices.size(); i++) {
            int device = devices.get(i);
            boolean goesOn = i > 0 && devices.get(i - 1) == device;
            links = goesOn ? links + 1 : 1;
            chains &= overlays.get(i) == goesOn && links <= Manifest.MAX_LINKS && (goesOn || !seen.contains(device));
            seen.add(device);
            files.add(file(i, device, overlays.get(i)));
        }
        if (chains) {
            assertThat(manifest(files).disks()).isEqualTo(files);
        } else {
            assertThatThrownBy(() -> manifest(files)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Example
    void theReasonIsSaid() {
        assertThatThrownBy(() -> manifest(List.of(file(0, 0, true)))).hasMessageContaining("disk d0 are no chain");
        assertThatThrownBy(() -> manifest(List.of(
                        file(0, 0, false), file(1, 0, true), file(2, 0, true), file(3, 0, true), file(4, 0, true))))
                .hasMessageContaining("more than 4 files");
        assertThatThrownBy(() -> new DiskFile("f", "D/..", "raw", sums(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new DiskFile("f", "d", "vmdk", sums(1))).hasMessageContaining("neither raw nor qcow2");
    }
}
