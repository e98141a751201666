package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.InvalidConfigException;

class BareRestoreTest {
    private static final List<String> PRODUCT = List.of(
            "/usr/bin/qemu-system-x86_64",
            "-object",
            "memory-backend-file,id=mem,size=128M,share=off,mem-path=/snap/memory",
            "-incoming",
            "defer",
            "-chardev",
            "socket,id=qmp,path=/run/vm-1/qmp.sock");

    private static List<String> line(List<String> product) {
        return BareRestore.line(product, Path.of("/snap/memory"), Path.of("/dev/shm/copy"), Path.of("/run/q"));
    }

    @Test
    void hasItsOwnMemoryAndMonitorAndIsElseTheSame() {
        assertThat(line(PRODUCT))
                .containsExactly(
                        "/usr/bin/qemu-system-x86_64",
                        "-object",
                        "memory-backend-file,id=mem,size=128M,share=on,mem-path=/dev/shm/copy",
                        "-incoming",
                        "defer",
                        "-chardev",
                        "socket,id=qmp,path=/run/q");
    }

    @Test
    void refusesALineItDoesNotKnow() {
        // Its back-end would write into the snapshot.
        assertThatThrownBy(() -> line(PRODUCT.subList(3, PRODUCT.size())))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("BareRestore");
    }
}
