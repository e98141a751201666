package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import vmette.process.ProcessMappings.Mapping;

class ProcessMappingsTest {
    @Example
    void linesAreRead() {
        assertThat(ProcessMappings.parse("7f0c40000000-7f0c50000000 rw-p 00000000 00:1c 1234    /dev/shm/a b-c"))
                .contains(new Mapping(0x7f0c40000000L, 0x7f0c50000000L, true, false));
        assertThat(ProcessMappings.parse("00400000-00401000 r--s 00000000 00:1c 1 /x"))
                .contains(new Mapping(0x400000, 0x401000, false, true));
        assertThat(ProcessMappings.parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]"))
                .contains(new Mapping(0xffffffffff600000L, 0xffffffffff601000L, false, false));
    }

    @Property
    void whateverIsNoLineIsLeftOut(@ForAll String line) {
        ProcessMappings.parse(line).ifPresent(mapping -> assertThat(line).contains("-", " "));
    }

    @Example
    void piecesThatFollowEachOtherCoverTogether() {
        Mapping low = new Mapping(0x1000, 0x3000, true, false);
        Mapping high = new Mapping(0x3000, 0x4000, true, true);
        Mapping apart = new Mapping(0x5000, 0x6000, true, false);
        Mapping last = new Mapping(-0x1000, 0, true, false);
        ProcessMappings mappings = new ProcessMappings(List.of(low, high, apart, last));
        assertThat(mappings.covering(0x1000, 0x2000)).containsExactly(low);
        assertThat(mappings.covering(0x2fff, 2)).containsExactly(low, high);
        assertThat(mappings.covering(0x1000, 0x3000)).containsExactly(low, high);
        assertThat(mappings.covering(0x1000, 0x3001)).isEmpty();
        assertThat(mappings.covering(0x3000, 0x3000)).as("a gap").isEmpty();
        assertThat(mappings.covering(0xfff, 2)).isEmpty();
        assertThat(mappings.covering(0x5fff, 1)).containsExactly(apart);
        assertThat(mappings.covering(0x6000, 1)).isEmpty();
        assertThat(mappings.covering(0x5000, Long.MAX_VALUE)).isEmpty();
        assertThat(mappings.covering(0, 1)).isEmpty();
    }

    @Example
    void ownMappingsAreFound() throws IOException {
        Path file = Files.createTempFile("mappings", "");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(4096));
            var held = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
            assertThat(ProcessMappings.of(ProcessHandle.current().pid()).mappings())
                    .anyMatch(mapping -> mapping.shared() && mapping.writable())
                    .anyMatch(mapping -> !mapping.shared() && mapping.writable());
            assertThat(held.get(0)).isZero();
        } finally {
            Files.delete(file);
        }
        assertThatThrownBy(() -> ProcessMappings.of(1 << 22)).isInstanceOf(IOException.class);
    }
}
