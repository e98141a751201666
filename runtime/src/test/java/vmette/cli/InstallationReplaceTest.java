package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationReplaceTest {
    private static final int TIMES = 500;

    @Test
    void whoLooksMeanwhileFindsTheOneOrTheOther(@TempDir Path directory) throws Exception {
        Path target = Files.createDirectory(directory.resolve("target"));
        Files.writeString(target.resolve("file"), "0");
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger missed = new AtomicInteger();
        Thread looker = new Thread(() -> {
            while (!over.get()) {
                if (!Files.exists(target)) {
                    missed.incrementAndGet();
                }
            }
        });
        looker.start();
        for (int i = 1; i <= TIMES; i++) {
            Path made = Files.createDirectory(directory.resolve("made"));
            Files.writeString(made.resolve("file"), Integer.toString(i));
            Installation.replace(made, target);
            assertThat(made).doesNotExist();
        }
        over.set(true);
        looker.join();
        assertThat(missed).hasValue(0);
        assertThat(target.resolve("file")).hasContent(Integer.toString(TIMES));
    }
}
