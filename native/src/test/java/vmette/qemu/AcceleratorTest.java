package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.AcceleratorChoice;
import vmette.errors.InvalidConfigException;

class AcceleratorTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "AUTO, fpu vmx sse, true, KVM",
        "AUTO, fpu svm sse, true, KVM",
        "AUTO, fpu vmx sse, false, TCG",
        "AUTO, fpu sse, true, TCG",
        "AUTO, fpu vmxnet svm_lock, true, TCG",
        "TCG, fpu vmx, true, TCG",
        "KVM, fpu sse, true, KVM"
    })
    void trustsTheProcessorAndTheNodeTogether(
            AcceleratorChoice setting, String flags, boolean node, Accelerator expected) throws Exception {
        Path cpuInfo = Files.writeString(
                directory.resolve("cpuinfo"), "processor\t: 0\nmodel name\t: vmx svm\nflags\t\t: " + flags + "\n");
        Path kvm = directory.resolve("kvm");
        if (node) {
            Files.createFile(kvm);
        }
        assertThat(Accelerator.choose(setting, cpuInfo, kvm)).isEqualTo(expected);
    }

    @Test
    void demandedKvmWithoutItsNodeIsRefused() {
        Path absent = directory.resolve("kvm");
        assertThatThrownBy(() -> Accelerator.choose(AcceleratorChoice.KVM, Path.of("/proc/cpuinfo"), absent))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("vmette.qemu.accelerator")
                .hasMessageContaining(absent.toString());
    }

    @Test
    void unknownCpuInfoMeansTranslation() throws Exception {
        Path node = Files.createFile(directory.resolve("kvm"));
        assertThat(Accelerator.choose(AcceleratorChoice.AUTO, directory.resolve("absent"), node))
                .isEqualTo(Accelerator.TCG);
    }
}
