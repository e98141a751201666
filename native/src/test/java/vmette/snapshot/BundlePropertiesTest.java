package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import vmette.errors.RestoreFailedException;

/** No change of a bundle goes unseen. */
class BundlePropertiesTest {
    private Path temporary;
    private Bundle bundle;
    private byte[] manifest;
    private byte[] state;

    @BeforeProperty
    void write() throws IOException {
        temporary = Files.createTempDirectory("bundles");
        bundle = Bundles.write(BundleStore.open(temporary.resolve("store")), "one", Bundles.memory(temporary));
        manifest = Bundles.read(bundle.directory().resolve(Bundle.MANIFEST));
        state = Bundles.read(bundle.state());
    }

    @AfterProperty
    void remove() throws IOException {
        try (Stream<Path> all = Files.walk(temporary)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /** Of five kinds: another byte, one less, one more, cut, and a part twice. */
    private static byte[] mutate(byte[] whole, int kind, int at, int value) {
        int place = Math.floorMod(at, whole.length);
        byte[] head = Arrays.copyOf(whole, place);
        byte[] tail = Arrays.copyOfRange(whole, place, whole.length);
        byte[] one = {(byte) value};
        return switch (kind) {
            case 0 -> join(head, one, Arrays.copyOfRange(tail, 1, tail.length));
            case 1 -> join(head, Arrays.copyOfRange(tail, 1, tail.length));
            case 2 -> join(head, one, tail);
            case 3 -> head;
            default -> join(head, Arrays.copyOf(tail, Math.min(tail.length, 1 + (value & 0xff))), tail);
        };
    }

    private static byte[] join(byte[]... parts) {
        int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        byte[] joined = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, joined, at, part.length);
            at += part.length;
        }
        return joined;
    }

    @Property(tries = 1000)
    void aManifestThatIsNotAsWrittenIsRefused(
            @ForAll @IntRange(max = 4) int kind, @ForAll int at, @ForAll @IntRange(max = 255) int value)
            throws IOException {
        byte[] mutated = mutate(manifest, kind, at, value);
        Bundles.change(bundle.directory().resolve(Bundle.MANIFEST), mutated);
        try {
            if (Arrays.equals(mutated, manifest)) {
                assertThat(Bundle.open(bundle.directory()).manifest()).isEqualTo(bundle.manifest());
            } else {
                assertThatThrownBy(() -> Bundle.open(bundle.directory()))
                        .isInstanceOf(RestoreFailedException.class)
                        .hasMessageContaining(bundle.directory().toString());
            }
        } finally {
            Bundles.change(bundle.directory().resolve(Bundle.MANIFEST), manifest);
        }
    }

    @Property(tries = 1000)
    void aStateThatIsNotAsWrittenIsRefused(
            @ForAll @IntRange(max = 4) int kind, @ForAll int at, @ForAll @IntRange(max = 255) int value)
            throws IOException {
        byte[] mutated = mutate(state, kind, at, value);
        Bundles.change(bundle.state(), mutated);
        try {
            if (!Arrays.equals(mutated, state)) {
                assertThatThrownBy(() -> Bundle.open(bundle.directory()).verifyOnce())
                        .isInstanceOf(RestoreFailedException.class)
                        .hasMessageContaining(Bundle.STATE);
            }
        } finally {
            Bundles.change(bundle.state(), state);
        }
    }

    @Property(tries = 200)
    void aBitOfMemoryThatIsNotAsWrittenIsRefused(@ForAll @IntRange(max = (4 << 20) - 1) int at) throws IOException {
        byte[] memory = Bundles.read(bundle.memory());
        memory[at] ^= 1;
        Bundles.change(bundle.memory(), memory);
        memory[at] ^= 1;
        try {
            assertThatThrownBy(bundle::verifyOnce)
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining("memory differs from its checksum in MiB " + (at >> 20));
        } finally {
            Bundles.change(bundle.memory(), memory);
        }
        // Zeroes that are stored are zeroes too.
        bundle.verifyOnce();
    }

    @Example
    void whatIsWrittenIsRead() {
        assertThat(ManifestCodec.decode(manifest)).isEqualTo(bundle.manifest());
        assertThat(ManifestCodec.encode(bundle.manifest())).isEqualTo(manifest);
        assertThat(bundle.manifest().memory().filled()).isEqualTo(2);
    }
}
