package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.Optional;

class ElfReaderFuzzTest {
    private record Contents(boolean note, Optional<ByteBuffer> modinfo, Modinfo parsed) {}

    /** The input is the file of a kernel or of one of its modules. */
    @FuzzTest
    void anyFileIsReadWithinItsBoundsOrRefused(byte[] bytes) {
        read(bytes).ifPresent(contents -> {
            assertThat(contents.modinfo()).get().satisfies(section -> {
                assertThat(section.array()).isSameAs(bytes);
                assertThat(section.arrayOffset() + section.limit()).isLessThanOrEqualTo(bytes.length);
            });
            for (String name : contents.parsed().depends()) {
                assertThat(name).isNotEmpty().doesNotContain(",").doesNotContain("\0");
            }
        });
    }

    /** Empty: refused. */
    private static Optional<Contents> read(byte[] bytes) {
        return AllocationLimit.allocating(100L * bytes.length, () -> {
            try {
                ElfReader elf = new ElfReader(ElfReader.of(bytes));
                return Optional.of(new Contents(elf.hasNote("Xen", 18), elf.section(".modinfo"), Modinfo.of(bytes)));
            } catch (ElfReader.MalformedElfException e) {
                return Optional.empty();
            }
        });
    }
}
