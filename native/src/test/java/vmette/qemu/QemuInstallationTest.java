package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;

class QemuInstallationTest {
    @TempDir
    Path directory;

    private static QemuInstallation look(Path binary) {
        return QemuInstallation.look(
                new QemuSettings(Optional.of(binary), AcceleratorChoice.TCG, Duration.ofSeconds(1)));
    }

    private Path program(String script) throws IOException {
        Path program = Files.writeString(directory.resolve("qemu"), "#!/bin/sh\n" + script + "\n");
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "echo 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)' | 7.2.22",
                "echo 'QEMU emulator version 10.0.0-rc1' | 10.0.0-rc1",
                "echo 'something else'; exit 1 | ''",
                "exit 3 | ''",
                // more than a pipe holds: it is ended
                "yes version 1 | ''",
            })
    void theProgramSaysItsVersionOrNot(String script, String version) throws IOException {
        Path program = program(script);
        QemuInstallation found = look(program);
        assertThat(found.binary()).contains(program);
        assertThat(found.version().orElse("")).isEqualTo(version);
        assertThat(found.accelerator()).contains(Accelerator.TCG);
        assertThat(found.problem()).isEmpty();
    }

    @Test
    void aProgramThatIsNotThereIsTheProblem() {
        QemuInstallation found = look(directory.resolve("missing"));
        assertThat(found.binary()).isEmpty();
        assertThat(found.version()).isEmpty();
        assertThat(found.accelerator()).isEmpty();
        assertThat(found.problem()).hasValueSatisfying(text -> assertThat(text)
                .startsWith("QEMU not found: vmette.qemu.binary = \"" + directory.resolve("missing")));
    }
}
