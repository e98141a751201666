package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

class InstallationTest {
    private static final int TIMES = 500;

    @ParameterizedTest
    @ValueSource(strings = {"relative", "/a b", "/a:b", "/a#b", "/a\\b", "/a'b", "/a\"b", "/a$b"})
    void aPrefixThatPkgConfigOrJavaCannotBeToldIsRefused(String prefix, @TempDir Path built) {
        assertThatThrownBy(() -> new Installation(built, Path.of(prefix), Path.of("/"), "1"))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("--prefix " + prefix);
    }

    @Test
    void whatIsInTheWayIsNamed(@TempDir Path directory) throws Exception {
        Path built = Files.createDirectory(directory.resolve("built"));
        for (String part : List.of("lib", "native")) {
            Files.createDirectory(built.resolve(part));
        }
        for (String part : List.of("libvmette.so.0", "vmette.h")) {
            Files.createFile(built.resolve(part));
        }
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> new Installation(built, file, Path.of("/"), "1").install())
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(file + " is there and is no directory");
    }

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
