package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;

class StoragePartsTest {
    @TempDir
    private Path directory;

    private Path disk;

    @BeforeEach
    void prepare() throws IOException {
        disk = Files.write(directory.resolve("disk"), new byte[1000]);
    }

    private static void refused(VmSpecBuilder spec, String why) {
        assertThatThrownBy(() -> StorageParts.check(spec.build()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(why);
    }

    @Test
    void eachDiskIsAFileOfItsOwn() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), disk);
        Path hard = Files.createLink(directory.resolve("hard"), disk);
        refused(VmSpec.builder().disk(disk).disk(disk), "it is a disk of this VM already");
        refused(VmSpec.builder().disk(disk).disk(link), link + " is refused: it is a disk of this VM already");
        refused(VmSpec.builder().disk(disk).disk(hard), "each needs a file of its own");
        Path other = Files.write(directory.resolve("other"), new byte[512]);
        StorageParts.check(VmSpec.builder().disk(disk).disk(other).build());
        VmSpec both = VmSpec.builder().disk(other).disk(link).build();
        assertThatThrownBy(() -> StorageParts.distinct(StorageParts.disks(both), Optional.of(disk)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(link + " is refused: it is the image of the root, too");
    }

    @Test
    void aDiskIsARegularFileOrABlockDevice() throws Exception {
        refused(VmSpec.builder().disk(Path.of("/dev/null")), "neither a regular file nor a block device");
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        refused(VmSpec.builder().disk(pipe), "neither a regular file nor a block device");
        refused(VmSpec.builder().disk(directory), "it is a directory");
        refused(VmSpec.builder().disk(directory.resolve("missing")), "there is no such file");
    }

    @Test
    void aShareIsADirectory() {
        refused(
                VmSpec.builder().share("work", directory).share("x", disk),
                "the share x: " + disk + " is not a directory");
    }
}
