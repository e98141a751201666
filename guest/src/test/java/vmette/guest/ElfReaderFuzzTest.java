package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

class ElfReaderFuzzTest {
    /** The input is the file of a kernel or of one of its modules. */
    @FuzzTest
    void anyFileIsReadWithinItsBoundsOrRefused(byte[] bytes) {
        AllocationLimit.allocating(100L * bytes.length, () -> read(bytes));
    }

    private static boolean read(byte[] bytes) throws IOException {
        try {
            ElfReader elf = new ElfReader(ElfReader.of(bytes));
            assertThat(elf.type()).isBetween(0, 0xffff);
            elf.hasNote("Xen", 18);
            Optional<ByteBuffer> section = elf.section(".modinfo");
            section.ifPresent(content -> assertThat(content.array()).isSameAs(bytes));
            Modinfo modinfo = Modinfo.of(bytes);
            assertThat(section).isPresent();
            assertThat(modinfo.depends())
                    .allSatisfy(name -> assertThat(name).isNotEmpty().doesNotContain(",", "\0", "-"));
            return true;
        } catch (ElfReader.MalformedElfException e) {
            assertThat(e.getMessage()).isNotBlank();
            return false;
        }
    }
}
