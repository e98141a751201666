package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.machine.PrivateMemories;

/** Real VMs whose memory is a private mapping of one file: the device reads and writes QEMU's own memory. */
class PrivateMemoryIT {
    private static final int MIB = 128;
    private static final long STREAM = 48L << 20;

    @TempDir
    private static Path directory;

    private static Path file;
    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() throws IOException {
        file = directory.resolve("memory");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), ((long) MIB << 20) - 1);
        }
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.load());
        vmette = Vmette.create(settings, PrivateMemories.create(settings, file));
        vm = launch("private");
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static VmHandle launch(String name) {
        return await(vmette.launch(VmSpec.builder().name(name).memoryMib(MIB).build()));
    }

    /** As written above: one block at its end. */
    private static void assertUntouched() throws IOException {
        assertThat(Files.size(file)).isEqualTo((long) MIB << 20);
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer piece = ByteBuffer.allocate(1 << 20);
            while (channel.read(piece.clear()) > 0) {
                assertThat(piece.flip().mismatch(ByteBuffer.allocate(piece.limit())))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void commandsRunAndTheFileStaysAsItWas() throws IOException {
        assertThat(Guests.out(vmette, vm, "echo hello; uname -s")).isEqualTo("hello\nLinux\n");
        assertUntouched();
    }

    @Test
    void bytesComeBackUnchangedBothWays() {
        Execution cat = vm.exec(ExecSpec.of("cat"));
        Guests.randomBytes(7, STREAM).runWith(cat.stdin(), vmette.system());
        CompletionStage<String> digest = cat.stdout().runWith(Guests.sha256(), vmette.system());
        assertThat(await(digest)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(7, STREAM)));
        assertThat(await(cat.status()).isSuccess()).isTrue();
    }

    @Test
    void twoVmsOfOneFileKnowNothingOfEachOther() throws IOException {
        VmHandle other = launch("private-too");
        assertThat(Guests.out(vmette, vm, "echo one > /tmp/who; cat /tmp/who")).isEqualTo("one\n");
        assertThat(Guests.out(vmette, other, "cat /tmp/who 2>/dev/null; echo two > /tmp/who; cat /tmp/who"))
                .isEqualTo("two\n");
        assertThat(Guests.out(vmette, vm, "cat /tmp/who")).isEqualTo("one\n");
        // its end while it is talked to is the end of its process, whoever notices first
        Execution endless = other.exec(ExecSpec.shell("cat /dev/zero"));
        CompletionStage<?> read = Guests.ignore(vmette, endless.stdout());
        ProcessHandle.current()
                .children()
                .filter(child -> child.info()
                        .arguments()
                        .map(arguments -> String.join(" ", arguments))
                        .orElse("")
                        .contains("guest=private-too"))
                .forEach(ProcessHandle::destroyForcibly);
        assertThatThrownBy(() -> await(endless.status()))
                .isInstanceOf(VmLostException.class)
                .hasMessageNotContaining("broke");
        assertThatThrownBy(() -> await(read)).isNotNull();
        assertThat(Guests.out(vmette, vm, "echo still here")).isEqualTo("still here\n");
        assertUntouched();
    }

    @Test
    void sharedDirectoriesAreRefusedBeforeAnythingStarts() {
        assertThatThrownBy(() -> await(vmette.launch(VmSpec.builder()
                        .name("private-with-share")
                        .memoryMib(MIB)
                        .share("work", directory)
                        .build())))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("private memory");
    }
}
