package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.Done;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Instant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.GuestFileException;
import vmette.errors.Status;
import vmette.files.FileEntry;
import vmette.files.FileKind;
import vmette.files.GuestFiles;

/** Single files of a real VM; trees are {@link FileTreesIT}'s. */
class FilesIT {
    private static final int MIB = 1 << 20;

    private static Vmette vmette;
    private static VmHandle vm;
    private static GuestFiles files;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        files = vm.files();
        assertThat(shell("mkdir /tmp/small && mount -t tmpfs -o size=1m none /tmp/small"
                        + " && mkdir /tmp/fixed && mount -t tmpfs -o ro none /tmp/fixed"))
                .isEmpty();
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static String shell(String line) {
        Guests.Result result = sh(vmette, vm, line);
        assertThat(result.status().isSuccess()).as(result.toString()).isTrue();
        return result.stdout();
    }

    private static Done write(String path, String text) {
        return await(Source.single(ByteString.fromString(text)).runWith(files.write(path, 0644), vmette.system()));
    }

    private static String read(String path) {
        return await(Guests.text(vmette, files.read(path)));
    }

    private static GuestFileException failureOf(ThrowingCallable operation) {
        Throwable failure = org.assertj.core.api.Assertions.catchThrowable(operation);
        assertThat(failure).isInstanceOf(GuestFileException.class);
        assertThat(((GuestFileException) failure).status()).isEqualTo(Status.IO);
        return (GuestFileException) failure;
    }

    private static void assertErrno(ThrowingCallable operation, String errno) {
        GuestFileException failure = failureOf(operation);
        assertThat(failure.reason()).isEqualTo(errno);
        assertThat(failure.errno()).isPositive();
        assertThat(failure).hasMessageContaining(failure.path()).hasMessageContaining(failure.operation());
    }

    @Test
    void aFileIsWrittenReadAndTold() {
        write("/tmp/hello", "hello\n");
        assertThat(read("/tmp/hello")).isEqualTo("hello\n");
        FileEntry entry = await(files.stat("/tmp/hello"));
        assertThat(entry.name()).isEqualTo("hello");
        assertThat(entry.kind()).isEqualTo(FileKind.FILE);
        assertThat(entry.mode()).isEqualTo(0644);
        assertThat(entry.size()).isEqualTo(6);
        assertThat(entry.uid()).isZero();
        assertThat(entry.links()).isEqualTo(1);
        assertThat(entry.modified()).isBetween(Instant.EPOCH, Instant.now().plusSeconds(86_400));
        assertThat(shell("cat /tmp/hello; stat -c %a /tmp/hello")).isEqualTo("hello\n644\n");
    }

    @Test
    void whatIsNotThereIsAnErrno() {
        assertErrno(() -> read("/no/such/file"), "ENOENT");
        assertErrno(() -> await(files.stat("/no/such/file")), "ENOENT");
    }
}
