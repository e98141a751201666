package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import vmette.cli.Launched.Result;

/** A snapshot is built by one process, looked at by others, and resumed by yet others. Real VMs. */
class SnapshotCliIT {
    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    private String path;

    @BeforeEach
    void open() throws IOException {
        path = sandbox.directory().resolve("golden").toString();
    }

    private Result vmette(String... arguments) {
        return Launched.run(sandbox, arguments);
    }

    private Result resume(String memory, String exec, String... more) {
        String[] line = new String[more.length + 8];
        System.arraycopy(
                new String[] {"run", "--quiet", "--mem-mib", memory, "--resume-snapshot", path, "--exec", exec},
                0,
                line,
                0,
                8);
        System.arraycopy(more, 0, line, 8, more.length);
        return vmette(line);
    }

    @Test
    void itIsBuiltLookedAtAndResumed() throws IOException {
        Result failed = vmette("run", "--quiet", "--mem-mib", "160", "--build-snapshot", path, "--warm-up", "exit 3");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.stderr()).contains("warm-up");
        assertThat(Path.of(path)).doesNotExist();

        Result built = vmette(
                "run",
                "--quiet",
                "--mem-mib",
                "160",
                "--build-snapshot",
                path,
                "--warm-up",
                "echo warm | tee /tmp/word; (while :; do sleep 1000; done) > /dev/null 2>&1 & echo $! > /tmp/pid");
        assertThat(built.stderr()).isEmpty();
        assertThat(built.stdout()).isEqualTo("warm\n");
        assertThat(built.code()).isZero();
        assertThat(vmette("snapshot", "verify", path).code()).isZero();
        assertThat(vmette("snapshot", "inspect", path).stdout()).contains("160");
        Result again = vmette("run", "--quiet", "--mem-mib", "160", "--build-snapshot", path);
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.stderr()).contains("already");

        Result resumed = resume("160", "cat /tmp/word; exit 7");
        assertThat(resumed.stderr()).isEmpty();
        assertThat(resumed.stdout()).isEqualTo("warm\n");
        assertThat(resumed.code()).isEqualTo(7);

        Result larger = resume("192", "true");
        assertThat(larger.code()).isEqualTo(1);
        assertThat(larger.stderr()).contains("memory in MiB was 160 and is 192");
        Result port = resume("160", "true", "--guest-vsock-port", "1030");
        assertThat(port.code()).isEqualTo(2);
        assertThat(port.stderr()).contains("1030").contains("1025");

        flip(Path.of(path, "device-state"));
        Result broken = resume("160", "true");
        assertThat(broken.code()).isEqualTo(1);
        assertThat(broken.stderr()).contains("device-state");
        assertThat(vmette("snapshot", "verify", path).code()).isEqualTo(1);
        assertThat(vmette("snapshot", "rm", path).code()).isZero();
        assertThat(Path.of(path)).doesNotExist();
        Result none = resume("160", "true");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.stderr()).contains("there is no snapshot");
    }

    private static void flip(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            long at = Files.size(file) / 2;
            channel.read(one, at);
            channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 1)}), at);
        }
    }
}
