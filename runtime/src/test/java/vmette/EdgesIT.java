package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.config.RuntimeSettings;
import vmette.config.Share;
import vmette.config.StorageSpec;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.process.RuntimeDirectory;

/** The last that works of each kind, in real VMs, and the first that does not. */
class EdgesIT {
    @TempDir
    private static Path directory;

    private static Vmette vmette;
    private static Path root;

    @BeforeAll
    static void prepare() throws IOException {
        vmette = Vmette.create();
        await(await(vmette.launch(VmSpec.builder().memoryMib(128).build())).stop());
        root = HostRoots.busybox(directory.resolve("root"), RuntimeSettings.load());
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static String out(VmSpecBuilder spec, String line) {
        VmHandle vm = await(vmette.launch(spec.build()));
        try {
            Guests.Result result = sh(vmette, vm, line);
            assertThat(result.status().isSuccess()).as(result.toString()).isTrue();
            return result.stdout().strip();
        } finally {
            await(vm.stop());
        }
    }

    private static void refused(VmSpecBuilder spec, String why) {
        assertThatThrownBy(() -> await(vmette.launch(spec.build())))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(why);
    }

    private static Path disk(String name, long size) throws IOException {
        Path file = directory.resolve(name);
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(size);
        }
        return file;
    }

    @Test
    void debiansKernelNeedsAsMuchMemoryAsIsSaid() {
        assertThat(out(VmSpec.builder().memoryMib(96), "echo here")).isEqualTo("here");
        assertThatThrownBy(() -> out(VmSpec.builder().memoryMib(VmSpec.LEAST_MEMORY_MIB), "echo here"))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("give the VM more memory");
    }

    @Test
    void moreMemoryThanTheHostHasIsRefusedBeforeARootIsLookedFor() {
        refused(
                VmSpec.builder().memoryMib(1L << 30).rootfs("localhost:1/there/is/none"),
                "MiB is more than this host has: use at most");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 8})
    void moreProcessorsThanTheHostHasWork(int vcpus) {
        assertThat(out(VmSpec.builder().vcpus(vcpus), "grep -c ^processor /proc/cpuinfo"))
                .isEqualTo(Integer.toString(vcpus));
    }

    @Test
    void allPlacesOfTheBusTogether() throws IOException {
        VmSpecBuilder spec = VmSpec.builder()
                .memoryMib(256)
                .rootfs(root)
                .scratchMib(16)
                .net(true)
                .vsockPort(0);
        for (int i = 0; i < 17; i++) {
            spec.disk(disk("many" + i, 4096L * (i + 1)));
        }
        // As long as virtio-fs allows; and one directory twice, and one inside another.
        String longest = "a".repeat(36);
        Path outer = Files.createDirectories(directory.resolve("outer"));
        Path inner = Files.createDirectories(outer.resolve("inner"));
        Files.writeString(inner.resolve("page"), "a page\n");
        spec.share(longest, outer).share(new Share("again", outer, true)).share("inner", inner);
        assertThat(out(
                        spec,
                        "cat /sys/block/vda/size /sys/block/vdq/size | tr '\\n' ' ';"
                                + " cat /mnt/" + longest + "/inner/page /mnt/again/inner/page /mnt/inner/page;"
                                + " echo x > /mnt/inner/new; cat /mnt/again/inner/new; touch /mnt/again/x 2>&1 | grep -o Read-only;"
                                + " test -e /sys/class/net/eth0 && df /tmp | grep -c /dev/vd"))
                .isEqualTo("8 136 a page\na page\na page\nx\nRead-only\n1");
    }

    @Test
    void oneDiskTooManyIsRefused() {
        VmSpecBuilder spec = VmSpec.builder();
        IntStream.rangeClosed(0, StorageSpec.MOST_DISKS_AND_SHARES).forEach(i -> spec.disk(Path.of("/disk" + i)));
        refused(spec, "the number of disks and shares = 21 is refused: allowed is 0 to 20");
        VmSpecBuilder shares = VmSpec.builder();
        IntStream.range(0, 64).forEach(i -> shares.share("s" + i, directory));
        refused(shares, "the number of disks and shares = 64 is refused");
    }

    @Test
    void aDiskWhoseSizeIsNoNumberOfSectorsIsRoundedUp() throws IOException {
        Path odd = disk("odd", 1000);
        assertThat(out(
                        VmSpec.builder().disk(odd),
                        "cat /sys/block/vda/size; echo end | dd of=/dev/vda bs=512 seek=1 conv=sync,fsync 2>/dev/null"))
                .isEqualTo("2");
        assertThat(Files.readString(odd).substring(512)).startsWith("end\n");
    }

    @Test
    void oneFileIsNotTwoDisks() throws IOException {
        Path file = disk("once", 4096);
        refused(VmSpec.builder().disk(file).disk(file), "it is a disk of this VM already");
    }

    @Test
    void aDiskOfAnotherVmIsRefused() throws IOException {
        Path file = disk("taken", 4096);
        VmHandle first = await(vmette.launch(VmSpec.builder().disk(file).build()));
        try {
            assertThatThrownBy(() ->
                            await(vmette.launch(VmSpec.builder().disk(file).build())))
                    .hasMessageContaining("Is another process using the image [" + file + "]?");
        } finally {
            await(first.stop());
        }
    }

    @Test
    void aBlockDeviceIsADisk() throws Exception {
        assumeTrue(RuntimeDirectory.isRoot(), "needs root, for a loop device");
        Path file = disk("behind", 8192);
        Process attach = new ProcessBuilder("losetup", "--find", "--show", file.toString())
                .redirectErrorStream(true)
                .start();
        String device = new String(attach.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assumeTrue(attach.waitFor() == 0, device);
        try {
            assertThat(out(
                            VmSpec.builder().disk(Path.of(device)),
                            "cat /sys/block/vda/size; echo x | dd of=/dev/vda conv=fsync 2>/dev/null"))
                    .isEqualTo("16");
            assertThat(Files.readString(file)).startsWith("x\n");
        } finally {
            new ProcessBuilder("losetup", "--detach", device).start().waitFor();
        }
    }

    @Test
    void aFullDiskOfTheHostIsAnErrorInTheGuest() throws Exception {
        assumeTrue(RuntimeDirectory.isRoot(), "needs root, for a file system that is full");
        Path small = Files.createDirectories(directory.resolve("small"));
        assumeTrue(
                new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small.toString())
                                .start()
                                .waitFor()
                        == 0,
                "needs to mount a tmpfs");
        try {
            Path sparse = disk("small/sparse", 64 << 20);
            assertThat(out(
                            VmSpec.builder().disk(sparse),
                            "dd if=/dev/zero of=/dev/vda bs=1048576 count=8 conv=fsync 2>&1 || echo then it goes on"))
                    .contains("Input/output error")
                    .endsWith("then it goes on");
        } finally {
            new ProcessBuilder("umount", small.toString()).start().waitFor();
        }
    }
}
