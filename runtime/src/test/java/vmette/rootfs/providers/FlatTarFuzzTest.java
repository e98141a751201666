package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import vmette.errors.BadImageException;

class FlatTarFuzzTest {
    /**
     * The input is what {@link LayerDice} makes layers of. They are refused, or make an archive that has each name once, after what it needs
     * ({@link Flattened} asserts it), and that means the same when it is a layer itself.
     */
    @FuzzTest
    void layersMakeASoundArchiveOrAreRefused(byte[] bytes) throws IOException {
        Map<String, Flattened.File> once;
        try {
            once = Flattened.of(1 << 20, LayerDice.layers(bytes).toArray(byte[][]::new));
        } catch (BadImageException refused) {
            assertThat(refused).message().startsWith("layer ").contains(" is no archive ");
            return;
        }
        if (once.keySet().stream().noneMatch(name -> ("/" + name).contains("/.wh."))) {
            Tar again = new Tar();
            once.forEach((name, file) -> again.add(file.entry().named(name), file.content()));
            assertThat(named(Flattened.of(16 << 20, again.bytes()))).isEqualTo(named(once));
        }
    }

    /** Of several names of one file, each with its own. */
    private static Map<String, Flattened.File> named(Map<String, Flattened.File> files) {
        Map<String, Flattened.File> named = new TreeMap<>();
        files.forEach(
                (name, file) -> named.put(name, new Flattened.File(file.entry().named(name), file.content())));
        return named;
    }
}
