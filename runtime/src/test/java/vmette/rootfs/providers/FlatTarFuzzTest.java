package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.Map;
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
            assertThat(Flattened.of(16 << 20, again.bytes())).isEqualTo(once);
        }
    }
}
