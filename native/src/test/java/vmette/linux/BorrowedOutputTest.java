package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BorrowedOutputTest {
    @TempDir
    Path directory;

    @Test
    void bytesAreWrittenAndTheDescriptorStaysOpen() throws IOException {
        try (OwnedFd file = MemFd.create("status", 0)) {
            try (BorrowedOutput out = BorrowedOutput.of(file.fd())) {
                out.write("one\n".getBytes(StandardCharsets.UTF_8));
                out.write("-two\n-".getBytes(StandardCharsets.UTF_8), 1, 4);
                out.write('3');
                out.write(new byte[0]);
            }
            assertThat(Files.readString(Path.of("/proc/self/fd", Integer.toString(file.fd()))))
                    .isEqualTo("one\ntwo\n3");
        }
    }

    @Test
    void aReaderThatIsGoneIsAnError() throws IOException {
        Path path = directory.resolve("socket");
        UnixSocket listener = UnixSocket.listen(path, 1);
        try (UnixSocket ours = UnixSocket.connect(path)) {
            listener.close();
            BorrowedOutput out = BorrowedOutput.of(ours.fd());
            assertThatThrownBy(() -> out.write("lost".getBytes(StandardCharsets.UTF_8)))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("write(2) to descriptor " + ours.fd() + ": ");
        } finally {
            listener.close();
        }
    }

    @Test
    void whatCannotBeWrittenToIsRefused() throws IOException {
        assertThatThrownBy(() -> BorrowedOutput.of(1)).hasMessageContaining("one of the three standard streams");
        assertThatThrownBy(() -> BorrowedOutput.of(-1)).hasMessageContaining("one of the three standard streams");
        assertThatThrownBy(() -> BorrowedOutput.of(987_654)).hasMessage("descriptor 987654 is not open");
        try (EventFd event = EventFd.create()) {
            assertThatThrownBy(() -> BorrowedOutput.of(event.fd()))
                    .hasMessage("descriptor " + event.fd() + " is not open for writing");
        }
        Path file = Files.createFile(directory.resolve("read"));
        try (InputStream opened = Files.newInputStream(file)) {
            int fd = numberOf(file);
            assertThat(opened.available()).isZero();
            assertThatThrownBy(() -> BorrowedOutput.of(fd)).hasMessage("descriptor " + fd + " is not open for writing");
        }
    }

    private static int numberOf(Path file) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .filter(link -> isTo(link, file))
                    .mapToInt(link -> Integer.parseInt(link.getFileName().toString()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static boolean isTo(Path link, Path file) {
        try {
            return Files.readSymbolicLink(link).equals(file);
        } catch (IOException gone) {
            return false;
        }
    }
}
