package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.InvalidConfigException;

class BareLineTest {
    private static final List<String> PRODUCT = List.of(
            "/usr/bin/qemu-system-x86_64",
            "-M",
            "pc,memory-backend=mem",
            "-object",
            "memory-backend-file,id=mem,size=512M,share=on,mem-path=/dev/shm/a.memory/memory",
            "-nodefaults",
            "-append",
            "quiet rdinit=/vmette/agent",
            "-chardev",
            "file,id=console,path=/dev/fd/1",
            "-serial",
            "chardev:console",
            "-chardev",
            "socket,id=qmp,path=/tmp/a/qmp.sock",
            "-mon",
            "chardev=qmp,mode=control",
            "-chardev",
            "socket,id=vs,path=/tmp/a/vhost.sock",
            "-device",
            "vhost-user-vsock-pci,id=vsock0,chardev=vs,bus=pci.0,addr=5");

    @Test
    void takesOutTheMonitorAndTheVsockDeviceAndHasItsOwnMemory() {
        assertThat(BareLine.of(PRODUCT, "echo x", Path.of("/own/memory")))
                .containsExactly(
                        "/usr/bin/qemu-system-x86_64",
                        "-M",
                        "pc,memory-backend=mem",
                        "-object",
                        "memory-backend-file,id=mem,size=512M,share=on,mem-path=/own/memory",
                        "-nodefaults",
                        "-append",
                        "quiet rdinit=/vmette/agent vmette.bench=echo%20x",
                        "-chardev",
                        "file,id=console,path=/dev/fd/1",
                        "-serial",
                        "chardev:console");
    }

    @Test
    void refusesALineInWhichItDoesNotFindWhatItTakesOut() {
        for (String missing : List.of("-mon", "-device", "-append")) {
            List<String> line = new ArrayList<>(PRODUCT);
            int at = line.indexOf(missing);
            line.subList(at, at + 2).clear();
            assertThatThrownBy(() -> BareLine.of(line, "true", Path.of("/own/memory")))
                    .as("without %s", missing)
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("BareLine has to follow");
        }
    }

    @Test
    void refusesAnOptionOfWhichItDoesNotKnowWhetherItHasAValue() {
        List<String> line = new ArrayList<>(PRODUCT);
        line.add(1, "stray");
        assertThatThrownBy(() -> BareLine.of(line, "true", Path.of("/own/memory")))
                .hasMessageContaining("\"stray\"");
    }

    @Test
    void aCommandIsOneWordOfTheKernelsLine() {
        assertThat(BareLine.percentEncode("read -r a </p; echo $a \"é%\""))
                .isEqualTo("read%20-r%20a%20%3c/p%3b%20echo%20%24a%20%22%c3%a9%25%22");
    }
}
