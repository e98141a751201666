package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;

class KernelCommandLineTest {
    private static final String FIXED = "console=ttyS0 panic=-1 rdinit=/vmette/agent acpi=noirq";

    @ParameterizedTest
    @CsvSource({
        "'', '', '" + FIXED + "'",
        "debug, '', 'debug " + FIXED + "'",
        "'  debug  ', '', 'debug " + FIXED + "'",
        "'a=\"b c\"', vmette.bench=x, 'a=\"b c\" " + FIXED + " vmette.bench=x'",
        "console=tty0 rdinit=/bin/sh, '', 'console=tty0 rdinit=/bin/sh " + FIXED + "'"
    })
    void fixedPartComesLast(String tunable, String extra, String expected) {
        assertThat(KernelCommandLine.compose(tunable, 1, extra)).isEqualTo(expected);
    }

    @Test
    void severalCpusKeepTheirInterruptController() {
        assertThat(KernelCommandLine.compose("quiet", 2, ""))
                .isEqualTo("quiet console=ttyS0 panic=-1 rdinit=/vmette/agent");
    }

    @Test
    void onlyATranslatedGuestLosesItsHardening() {
        assertThat(KernelCommandLine.defaults(Accelerator.TCG))
                .startsWith("quiet ")
                .contains(" nokaslr", " mitigations=off", " clearcpuid=rep_good", " init_on_alloc=0", " psi=0");
        assertThat(KernelCommandLine.defaults(Accelerator.KVM))
                .startsWith("quiet ")
                .doesNotContain("nokaslr", "mitigations", "init_on_alloc");
    }

    @Test
    void isBoundedInBytes() {
        int room = KernelCommandLine.MAX_BYTES - FIXED.length() - 1;
        assertThat(KernelCommandLine.compose("x".repeat(room), 1, "")).hasSize(KernelCommandLine.MAX_BYTES);
        assertThatThrownBy(() -> KernelCommandLine.compose("x".repeat(room + 1), 1, ""))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("2048 bytes")
                .hasMessageContaining("by 1");
        assertThatThrownBy(() -> KernelCommandLine.compose("é".repeat(room / 2 + 1), 1, ""))
                .isInstanceOf(InvalidConfigException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--", "quiet -- single", "a=\"open", "a\nb", "a\0b", "a\tb"})
    void whatWouldDisableTheFixedPartIsRefused(String tunable) {
        assertThatThrownBy(() -> KernelCommandLine.compose(tunable, 1, ""))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("cmdline");
    }
}
