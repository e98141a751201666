package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.cli.Caches;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.rootfs.RootfsProgress;

/** Roots of real VMs that are block images: made of archives, or images already. */
class ImageRootIT {
    @TempDir
    private static Path directory;

    private static Vmette vmette;
    private static Path tree;

    @BeforeAll
    static void prepare() throws Exception {
        RuntimeSettings settings = Caches.settings(directory.resolve("cache"));
        vmette = Vmette.create(settings, said -> {});
        tree = HostRoots.busybox(directory.resolve("tree"), settings);
        HostRoots.host(
                "tar",
                "-C",
                tree.toString(),
                "-czf",
                directory.resolve("root.tar.gz").toString(),
                ".");
        HostRoots.host(
                "tar",
                "-C",
                tree.toString(),
                "-cf",
                directory.resolve("root.tar").toString(),
                ".");
        HostRoots.host(
                "mksquashfs",
                tree.toString(),
                directory.resolve("root.squashfs").toString(),
                "-quiet",
                "-no-progress");
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static VmHandle launch(VmSpecBuilder spec) {
        return await(vmette.launch(spec.memoryMib(256).build()));
    }

    private static String out(VmHandle vm, String line) {
        return Guests.out(vmette, vm, line);
    }

    @ParameterizedTest
    @CsvSource({
        "tar+file://{dir}/root.tar.gz, false, false",
        "tar+file://{dir}/root.tar, false, true",
        "squashfs+file://{dir}/root.squashfs, true, false",
        "squashfs+file://{dir}/root.squashfs, false, true",
    })
    void anImageIsTheRoot(String spec, boolean readOnly, boolean switchRoot) {
        VmHandle vm = launch(VmSpec.builder()
                .rootfs(spec.replace("{dir}", directory.toString()))
                .rootfsReadOnly(readOnly)
                .switchRoot(switchRoot));
        assertThat(out(vm, "cat /marker")).isEqualTo("from the host\n");
        Guests.Result touched = sh(vmette, vm, "touch /foo");
        assertThat(touched.status().isSuccess()).isEqualTo(!readOnly);
        assertThat(touched.stderr()).contains(readOnly ? "Read-only" : "");
        assertThat(sh(vmette, vm, "exit 42").status().code()).isEqualTo(42);
        // Nor does its disk take anything: other VMs have it too.
        Guests.Result written = sh(vmette, vm, "echo x | dd of=/dev/vda conv=notrunc,fsync");
        assertThat(written.status().isSuccess()).as(written.toString()).isFalse();
        assertThat(out(vm, "cat /sys/block/vda/ro")).isEqualTo("1\n");
        await(vm.stop());
    }

    @Test
    void twoVmsShareOneImageAndKeepWhatTheyWriteApart() throws IOException {
        String spec = "tar+file://" + directory.resolve("root.tar");
        VmHandle one = launch(VmSpec.builder().rootfs(spec).scratchMib(64));
        VmHandle two = launch(VmSpec.builder().rootfs(spec));
        out(one, "echo one > /marker");
        assertThat(out(two, "cat /marker")).isEqualTo("from the host\n");
        assertThat(out(one, "cat /marker")).isEqualTo("one\n");
        await(one.stop());
        assertThat(out(two, "cat /bin/busybox | wc -c").trim())
                .isEqualTo(Long.toString(Files.size(tree.resolve("bin/busybox"))));
        await(two.stop());
    }

    @Test
    void aDirectoryIsMadeIntoAnImageOnceForWhatIsInIt() throws Exception {
        Path root = HostRoots.busybox(directory.resolve("imaged"), RuntimeSettings.load());
        Files.writeString(root.resolve("note"), "first\n");
        String before = listed(root);
        List<String> transfers = new CopyOnWriteArrayList<>();
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.parseMap(Map.of(
                        "vmette.vm.rootfs",
                        root.toString(),
                        "vmette.vm.rootfs-image",
                        true,
                        "vmette.vm.memory",
                        "256MiB"))
                .withFallback(ConfigFactory.load()));
        try (Vmette told = Vmette.create(settings, RootfsProgress.lines(transfers::add))) {
            VmSpec spec = settings.vm();
            // Without what the kernel and the agent put there.
            String guest = "cd / && busybox find . -xdev -type f -not -path './vmette/*' -not -path './etc/hosts'"
                    + " -not -path './usr/local/bin/vsock-send' -exec sha256sum {} + | busybox sort -k2";
            VmHandle first = await(told.launch(spec));
            assertThat(sh(told, first, guest).stdout()).isEqualTo(summed(root));
            assertThat(sh(told, first, "ls /sys/block | grep vd").stdout()).isEqualTo("vda\n");
            assertThat(sh(told, first, "echo changed > /note; rm /marker")
                            .status()
                            .isSuccess())
                    .isTrue();
            await(first.stop());
            assertThat(listed(root)).isEqualTo(before);
            assertThat(transfers).anyMatch(line -> line.startsWith("making an image of " + root));

            transfers.clear();
            VmHandle again = await(told.launch(spec));
            assertThat(transfers).noneMatch(line -> line.contains("image of"));
            assertThat(sh(told, again, "cat /note").stdout()).isEqualTo("first\n");
            await(again.stop());

            Files.writeString(root.resolve("note"), "second\n");
            VmHandle changed = await(told.launch(spec));
            assertThat(transfers).anyMatch(line -> line.startsWith("making an image of " + root));
            assertThat(sh(told, changed, "cat /note").stdout()).isEqualTo("second\n");
            await(changed.stop());
        }
    }

    private static String summed(Path root) throws IOException, InterruptedException {
        return said("cd " + root + " && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2");
    }

    private static String listed(Path root) throws IOException, InterruptedException {
        return said("cd " + root + " && find . -printf '%p %y %m %s %T@ %U %G\\n' | LC_ALL=C sort");
    }

    private static String said(String line) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("/bin/sh", "-c", line)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return output;
    }
}
