package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeftoversTest {
    @Test
    void whatIsThereMoreOftenThanBeforeIsLeft() {
        Leftovers before = new Leftovers(List.of(), List.of("socket:[1]", "/a"), List.of(), List.of("pool"));
        Leftovers after =
                new Leftovers(List.of("9 qemu"), List.of("/a", "socket:[7]", "socket:[8]"), List.of(), List.of("pool"));
        Leftovers left = after.beyond(before);
        assertThat(left).isEqualTo(new Leftovers(List.of("9 qemu"), List.of("socket"), List.of(), List.of()));
        assertThat(left.isEmpty()).isFalse();
        assertThat(left.describe()).containsExactly("processes left: 9 qemu", "descriptors left: socket");
        assertThat(before.beyond(after).isEmpty()).isTrue();
    }

    @Test
    void seesADescriptorAFileAProcessAndAThread(@TempDir Path directory) throws IOException, InterruptedException {
        Leftovers before = Leftovers.look(directory);
        Path file = Files.createFile(
                Files.createDirectory(directory.resolve("user")).resolve("lock"));
        CountDownLatch release = new CountDownLatch(1);
        Thread thread = new Thread(
                () -> {
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "left-behind");
        thread.start();
        Process child = new ProcessBuilder("sleep", "300").start();
        try (FileChannel open = FileChannel.open(file, StandardOpenOption.READ)) {
            assertThat(open.isOpen()).isTrue();
            Leftovers left = Leftovers.look(directory).beyond(before);
            assertThat(left.files()).containsExactly(file.toString());
            assertThat(left.descriptors()).contains(file.toRealPath().toString());
            assertThat(left.threads()).contains("left-behind");
            assertThat(left.processes()).anySatisfy(line -> assertThat(line).startsWith(child.pid() + " "));
        } finally {
            child.destroyForcibly();
            release.countDown();
            thread.join();
        }
    }
}
