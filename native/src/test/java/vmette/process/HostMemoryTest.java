package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.errors.InvalidConfigException;

class HostMemoryTest {
    @Test
    void moreMemoryThanTheHostHasIsRefused(@TempDir Path directory) throws Exception {
        Path memInfo = Files.writeString(directory.resolve("meminfo"), "MemTotal:      524288 kB\nMemFree: 1 kB\n");
        HostMemory.check("big", 512, memInfo);
        assertThatThrownBy(() -> HostMemory.check("big", 513, memInfo))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage("VM big: memory = 513 MiB is more than this host has: use at most 512 MiB");
        HostMemory.check("big", 513, directory.resolve("absent"));
        assertThat(HostMemory.totalMib(Path.of("/proc/meminfo"))).isPresent();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0::/a/b                | a/b/memory.max=1073741824           | 1024
            0::/a/b                | a/memory.max=1073741824             | 1024
            0::/a/b                | a/b/memory.max=max                  | 9223372036854775807
            0::/                   | memory.max=2097152                  | 2
            0::/../x               | memory.max=2097152                  | 9223372036854775807
            4:cpu,memory:/a        | memory/a/memory.limit_in_bytes=1048576 | 1
            4:memory:/gone         | memory/memory.limit_in_bytes=1048576   | 1
            4:memory:/a            | memory/a/memory.limit_in_bytes=9223372036854771712 | 9223372036854775807
            5:memoryless:/a        | memory/a/memory.limit_in_bytes=1048576 | 9223372036854775807
            nonsense               | memory.max=2097152                  | 9223372036854775807
            0::/a                  | a/memory.max=lots                   | 9223372036854775807
            """)
    void theLeastLimitOfTheCgroupsCounts(String line, String file, long mib, @TempDir Path directory) throws Exception {
        Path cgroup = Files.writeString(directory.resolve("cgroup"), line + "\n");
        Path mounted = directory.resolve("mounted");
        String[] content = file.split("=", 2);
        Files.createDirectories(mounted.resolve(content[0]).getParent());
        Files.writeString(mounted.resolve(content[0]), content[1] + "\n");
        assertThat(HostMemory.cgroupMib(cgroup, mounted)).isEqualTo(mib);
    }

    @Test
    void thisHostHasSome() {
        assertThat(HostMemory.usableMib()).isBetween(1L, 1L << 40);
    }
}
