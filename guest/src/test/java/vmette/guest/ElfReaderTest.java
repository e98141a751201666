package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ElfReaderTest {
    private static final byte[] MODULE = ElfFiles.module("virtio,virtio_ring", "6.1.0");

    @Example
    void aModuleTellsWhatItDependsOnAndWhatItIsFor() throws ElfReader.MalformedElfException {
        Modinfo modinfo = Modinfo.of(MODULE);
        assertThat(modinfo.depends()).containsExactly("virtio", "virtio_ring");
        assertThat(modinfo.release()).isEqualTo("6.1.0");
        assertThat(Modinfo.of(ElfFiles.module("", "x")).depends()).isEmpty();
    }

    @Example
    void anElfFileWithoutModinfoIsNoModule() {
        assertThatThrownBy(() -> Modinfo.of(ElfFiles.withSection(".text", new byte[8])))
                .isInstanceOf(ElfReader.MalformedElfException.class)
                .hasMessageContaining(".modinfo");
    }

    @Example
    void everyTruncationIsRefused() {
        for (int length = 0; length < MODULE.length; length++) {
            byte[] shorter = Arrays.copyOf(MODULE, length);
            assertThatThrownBy(() -> Modinfo.of(shorter)).isInstanceOf(ElfReader.MalformedElfException.class);
        }
    }

    @Property(tries = 3000)
    void randomBytesAreRefused(@ForAll byte[] bytes) {
        assertThatThrownBy(() -> Modinfo.of(bytes)).isInstanceOf(ElfReader.MalformedElfException.class);
    }

    @Property(tries = 5000)
    void aMutatedModuleIsReadOrRefused(@ForAll Random random) {
        byte[] bytes = MODULE.clone();
        for (int i = random.nextInt(6); i >= 0; i--) {
            // offsets, sizes and counts are in the header and in the section headers, which come last
            int at = random.nextBoolean() ? random.nextInt(64) : bytes.length - 1 - random.nextInt(192);
            bytes[at] = (byte) random.nextInt();
        }
        try {
            assertThat(Modinfo.of(bytes).depends()).hasSizeLessThanOrEqualTo(bytes.length);
        } catch (ElfReader.MalformedElfException e) {
            assertThat(e).hasMessageMatching(".+");
        }
    }

    @Property(tries = 3000)
    void aMutatedVmlinuxHasItsNoteOrNotOrIsRefused(@ForAll Random random) throws IOException {
        byte[] bytes = ElfFiles.vmlinux(true);
        for (int i = random.nextInt(6); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        try {
            new ElfReader(ElfReader.of(bytes)).hasNote("Xen", 18);
        } catch (ElfReader.MalformedElfException e) {
            assertThat(e).hasMessageMatching(".+");
        }
    }
}
