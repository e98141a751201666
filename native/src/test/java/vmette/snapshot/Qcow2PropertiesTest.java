package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import vmette.process.Executables;

/** An image is taken only if it can lead to no other file. */
class Qcow2PropertiesTest {
    private Path file;
    private byte[] written;

    @BeforeProperty
    void make() throws IOException {
        file = Files.createTempFile("image", ".qcow2");
        write(1 << 20);
        written = Arrays.copyOf(Files.readAllBytes(file), Qcow2.HEADER_BYTES);
    }

    @AfterProperty
    void remove() throws IOException {
        Files.deleteIfExists(file);
    }

    private void write(long bytes) throws IOException {
        try (FileChannel to = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            Qcow2.writeEmpty(to, bytes);
        }
    }

    @Property(tries = 200)
    void whatIsWrittenIsTaken(@ForAll @LongRange(min = 1, max = 1L << 41) long bytes) throws IOException {
        write(bytes);
        assertThat(Qcow2.wrong(file, bytes)).isEmpty();
        assertThat(Qcow2.wrong(file, bytes + 1)).isPresent();
    }

    @Property(tries = 5000)
    void whatIsTakenNamesNothing(@ForAll @IntRange(max = 103) int at, @ForAll byte value) {
        ByteBuffer header = ByteBuffer.wrap(written.clone());
        boolean same = header.get(at) == value;
        header.put(at, value);
        // Version, name of what is beneath, size of clusters and of the disk, key, snapshots, features that change the
        // meaning.
        boolean free = (at >= 36 && at < 60) || (at >= 64 && at < 72) || at >= 80;
        assertThat(Qcow2.wrong(header, 1 << 20).isEmpty()).isEqualTo(same || free);
    }

    @Property(tries = 2000)
    void anyBytesAreAnswered(@ForAll @Size(max = 120) byte[] bytes) {
        assertThat(Qcow2.wrong(ByteBuffer.wrap(bytes), 1)).isPresent();
    }

    @Example
    void whatIsTooLargeOrShortIsRefused() throws IOException {
        assertThatThrownBy(() -> write(Long.MAX_VALUE)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> write(0)).isInstanceOf(IOException.class);
        Files.write(file, new byte[50]);
        assertThat(Qcow2.wrong(file, 1))
                .hasValueSatisfying(why -> assertThat(why).contains("too short"));
    }

    @Example
    void qemusOwnProgramFindsNothingWrong() throws Exception {
        Optional<Path> program = Executables.find("qemu-img");
        assumeThat(program).as("there is qemu-img").isPresent();
        for (long bytes : new long[] {512, 512 << 20, (512L << 20) + 1, 5L << 40}) {
            write(bytes);
            Process check = new ProcessBuilder(program.get().toString(), "check", "-f", "qcow2", file.toString())
                    .redirectErrorStream(true)
                    .start();
            String words = new String(check.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(check.waitFor()).as(words).isZero();
            assertThat(words).contains("No errors were found");
        }
    }
}
