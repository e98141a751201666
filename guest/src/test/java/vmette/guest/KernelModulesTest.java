package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import vmette.errors.InvalidConfigException;

class KernelModulesTest {
    @TempDir
    Path directory;

    @Test
    void dependenciesComeFirstAndTheTransportLast() throws IOException {
        module("virtio", "virtio_ring");
        module("virtio_ring", "");
        module("virtio_pci", "virtio,virtio_ring");
        module("vsock", "");
        module("vmw_vsock_virtio_transport_common", "vsock");
        module("vmw_vsock_virtio_transport", "virtio,vmw_vsock_virtio_transport_common,virtio_ring,vsock");
        module("overlay", "");
        assertThat(load(List.of("vmw_vsock_virtio_transport", "virtio_pci", "vsock", "overlay")))
                .containsExactly(
                        "virtio_ring",
                        "virtio",
                        "virtio_pci",
                        "vsock",
                        "overlay",
                        "vmw_vsock_virtio_transport_common",
                        "vmw_vsock_virtio_transport");
    }

    @Test
    void theRingComesBeforeVirtioThoughVirtioDoesNotSaySo() throws IOException {
        module("virtio", "");
        module("virtio_ring", "");
        assertThat(load(List.of("virtio"))).containsExactly("virtio_ring", "virtio");
    }

    @Test
    void aRingThatItselfDependsOnVirtioComesAfterIt() throws IOException {
        module("virtio", "");
        module("virtio_ring", "virtio");
        assertThat(load(List.of("virtio_ring"))).containsExactly("virtio", "virtio_ring");
    }

    @Test
    void dashesAndUnderscoresAreTheSame() throws IOException {
        module("virtio-rng", "rng-core");
        module("rng_core", "");
        assertThat(load(List.of("virtio_rng"))).containsExactly("rng_core", "virtio_rng");
    }

    @Test
    void whatIsBuiltInIsLeftOut() throws IOException {
        module("vsock", "virtio-core,other");
        module("other", "");
        Files.writeString(
                directory.resolve("modules.builtin"), "kernel/drivers/virtio_core.ko\nkernel/virtio_pci.ko\n");
        assertThat(load(List.of("virtio_pci", "vsock"))).containsExactly("other", "vsock");
    }

    @Test
    void aWantedModuleThatIsNowhereIsRefusedWhereItIsKnownNotToBeBuiltIn() throws IOException {
        module("vsock", "");
        assertThat(load(List.of("virtio_pci", "vsock"))).containsExactly("vsock");
        Files.writeString(directory.resolve("modules.builtin"), "kernel/ext4.ko\n");
        assertThatThrownBy(() -> load(List.of("virtio_pci", "vsock")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("virtio_pci")
                .hasMessageContaining(directory.toString());
    }

    @Test
    void aMissingDependencyIsNamedWithWhatNeedsIt() throws IOException {
        module("vsock", "gone");
        assertThatThrownBy(() -> load(List.of("vsock")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("gone, which vsock depends on,");
    }

    @Test
    void aCircleIsRefusedAndShown() throws IOException {
        module("a", "b");
        module("b", "c");
        module("c", "a");
        assertThatThrownBy(() -> load(List.of("a")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("a -> b -> c -> a");
    }

    @Test
    void compressedModulesAreReadInATree() throws IOException {
        Path tree = Files.createDirectories(directory.resolve("kernel/net/vmw_vsock"));
        byte[] vsock = ElfFiles.module("core", "6.1");
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(xz, new LZMA2Options())) {
            out.write(vsock);
        }
        Files.write(tree.resolve("vsock.ko.xz"), xz.toByteArray());
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(tree.resolve("core.ko.gz")))) {
            out.write(ElfFiles.module("", "6.1"));
        }
        Files.createSymbolicLink(directory.resolve("build"), directory);
        List<KernelModule> modules = KernelModules.in(directory).resolve(List.of("vsock"));
        assertThat(modules).extracting(KernelModule::name).containsExactly("core", "vsock");
        assertThat(modules.get(1).content()).isEqualTo(vsock);
    }

    @Test
    void whatCannotBeReadAsAModuleIsRefusedByName() throws IOException {
        Files.writeString(directory.resolve("vsock.ko"), "no module");
        Files.write(directory.resolve("zipped.ko.zst"), new byte[10]);
        Files.write(directory.resolve("torn.ko.xz"), new byte[10]);
        for (String name : List.of("vsock", "zipped", "torn")) {
            assertThatThrownBy(() -> load(List.of(name)))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining(name + ".ko");
        }
        assertThatThrownBy(() -> load(List.of("zipped"))).hasMessageContaining("zstd");
    }

    @Test
    void anUpdateReplacesAModuleAndTwoOfTheSameKindAreRefused() throws IOException {
        module("kernel/fs/overlay", "");
        module("updates/dkms/overlay", "");
        assertThat(KernelModules.in(directory)
                        .resolve(List.of("overlay"))
                        .get(0)
                        .file()
                        .toString())
                .contains("updates");
        module("kernel/other/overlay", "");
        module("updates/overlay", "");
        assertThatThrownBy(() -> KernelModules.in(directory))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("twice");
    }

    @Test
    void aDirectoryWithoutModulesIsRefused() throws IOException {
        assertThatThrownBy(() -> KernelModules.in(directory)).hasMessageContaining("holds no kernel module");
        assertThatThrownBy(() -> KernelModules.in(directory.resolve("gone"))).hasMessageContaining("does not exist");
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> KernelModules.in(file)).hasMessageContaining("is not a directory");
    }

    private List<String> load(List<String> wanted) {
        return KernelModules.in(directory).resolve(wanted).stream()
                .map(KernelModule::name)
                .toList();
    }

    private void module(String path, String depends) throws IOException {
        Path file = directory.resolve(path + ".ko");
        Files.createDirectories(file.getParent());
        Files.write(file, ElfFiles.module(depends, "6.1.0"));
    }
}
