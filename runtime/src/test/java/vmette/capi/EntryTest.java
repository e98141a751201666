package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.StartFailedException;
import vmette.errors.Status;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;

class EntryTest {
    @Test
    void aStatusAndACodeAreOneNumber() {
        assertThat(Entry.outcome(Status.OK, 7)).isEqualTo(7);
        assertThat(Entry.outcome(Status.OK, -1)).isEqualTo(0xffff_ffffL);
        assertThat(Entry.outcome(Status.IO, 0)).isEqualTo(8L << 32);
    }

    @Test
    void everyFailureHasTheNumberOfItsStatus() {
        assertThat(Entry.status(new InvalidConfigException("x"))).isEqualTo(Status.INVALID_CONFIG);
        assertThat(Entry.status(new StartFailedException("x"))).isEqualTo(Status.START_FAILED);
        assertThat(Entry.status(new RestoreFailedException("x", null))).isEqualTo(Status.RESTORE_FAILED);
        assertThat(Entry.status(new SaveFailedException("x", null))).isEqualTo(Status.SAVE_FAILED);
        assertThat(Entry.status(new SnapshotUnsupportedException("x"))).isEqualTo(Status.SNAPSHOT_UNSUPPORTED);
        assertThat(Entry.status(new OperationTimeoutException("x"))).isEqualTo(Status.TIMEOUT);
        assertThat(Entry.status(new CompletionException(new VsockException("x"))))
                .isEqualTo(Status.VSOCK);
        assertThat(Entry.status(new VmetteIoException("x", null))).isEqualTo(Status.IO);
        assertThat(Entry.status(new IllegalStateException("x"))).isEqualTo(Status.IO);
    }

    @Test
    void whatIsSaidIsOneLine() {
        assertThat(Entry.oneLine(" a\n  b\r\n\u001b[31mc\u009b2Jd\t\n")).isEqualTo("a | b | \\x1b[31mc\\x9b2Jd");
        assertThat(Entry.oneLine("turned \u202e around")).isEqualTo("turned \\u{202e} around");
        assertThat(Entry.oneLine("x".repeat(100_000))).hasSizeLessThan(10_000).endsWith("...");
    }

    @Test
    void aConfigurationThatCannotBeReadIsRefused(@TempDir Path directory) throws Exception {
        assertThatThrownBy(() -> SharedRuntime.settings(Map.of("VMETTE_CONFIG", directory.toString())))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("VMETTE_CONFIG");
        Path broken = Files.writeString(directory.resolve("broken.conf"), "vmette {");
        assertThatThrownBy(() -> SharedRuntime.settings(Map.of("VMETTE_CONFIG", broken.toString())))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("broken.conf");
        Path good = Files.writeString(directory.resolve("good.conf"), "vmette.vm.memory = 1GiB");
        assertThat(SharedRuntime.settings(Map.of("VMETTE_CONFIG", good.toString()))
                        .vm()
                        .memoryMib())
                .isEqualTo(1024);
    }
}
