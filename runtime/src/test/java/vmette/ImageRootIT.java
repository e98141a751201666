package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Guests.Result result = sh(vmette, vm, line);
        assertThat(result.status().isSuccess()).as(result.toString()).isTrue();
        return result.stdout();
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
}
