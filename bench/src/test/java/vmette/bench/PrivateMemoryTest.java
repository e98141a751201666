package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.bench.PrivateMemory.Kind;

class PrivateMemoryTest {
    @Test
    void countsWhatIsPrivateCleanAndDirtyByKindOfMapping() {
        PrivateMemory memory = PrivateMemory.parse(
                List.of(
                        "55a400a43000-55a400b43000 r-xp 00407000 fe:00 2170890    /usr/bin/qemu-system-x86_64",
                        "Rss:                5292 kB",
                        "Shared_Clean:       5000 kB",
                        "Private_Clean:         2 kB",
                        "Private_Dirty:         1 kB",
                        "55fe19e06000-55fe1acf0000 rw-p 00000000 00:00 0          [heap]",
                        "Private_Dirty:         8 kB",
                        "7f2989400000-7f29899ff000 rwxp 00000000 00:00 0 ",
                        "Private_Dirty:        16 kB",
                        "AnonHugePages:        16 kB",
                        "7f296c000000-7f296c1d5000 rw-p 00000000 00:00 0 ",
                        "Private_Dirty:        32 kB",
                        "7f297bfff000-7f2983fff000 rw-p 00000000 00:1b 10577005   /snapshots/with blank/memory",
                        "Private_Clean:        64 kB",
                        "Private_Dirty:       128 kB",
                        "7ffd45793000-7ffd45800000 rw-p 00000000 00:00 0          [stack]",
                        "Private_Dirty:       256 kB"),
                "/snapshots/with blank/memory");
        assertThat(memory.of(Kind.FILES)).isEqualTo(3 << 10);
        assertThat(memory.of(Kind.HEAP)).isEqualTo(8 << 10);
        assertThat(memory.of(Kind.CODE)).isEqualTo(16 << 10);
        assertThat(memory.of(Kind.STACKS)).isEqualTo((32 + 256) << 10);
        assertThat(memory.of(Kind.GUEST)).isEqualTo(192 << 10);
        assertThat(memory.total()).isEqualTo((3 + 8 + 16 + 32 + 256 + 192) << 10);
    }

    @Test
    void readsThisProcess() {
        assertThat(PrivateMemory.of(ProcessHandle.current().pid(), Path.of("/none"))
                        .total())
                .isGreaterThan(1 << 20);
    }
}
