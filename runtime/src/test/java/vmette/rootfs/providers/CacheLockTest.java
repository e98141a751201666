package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.LinuxException;
import vmette.rootfs.RootfsProgress;

class CacheLockTest {
    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("one.lock");
    }

    /** Does something when it is told that there is another. */
    private static RootfsProgress onWord(List<String> said, Runnable then) {
        return new RootfsProgress() {
            @Override
            public void say(String line) {
                said.add(line);
                then.run();
            }

            @Override
            public Transfer transfer(String what, long totalBytes) {
                return RootfsProgress.NONE.transfer(what, totalBytes);
            }
        };
    }

    @Test
    void manyShareALockAndOneHasItAlone() throws InterruptedException {
        CacheLock first = CacheLock.take(file(), false, RootfsProgress.NONE);
        CacheLock second = CacheLock.take(file(), false, RootfsProgress.NONE);
        assertThat(CacheLock.tryTake(file(), true)).isEmpty();
        first.close();
        assertThat(first.isHeld()).isFalse();
        assertThat(CacheLock.tryTake(file(), true)).isEmpty();
        second.close();
        try (CacheLock alone = CacheLock.take(file(), true, RootfsProgress.NONE)) {
            assertThat(alone.isHeld()).isTrue();
            assertThat(CacheLock.tryTake(file(), false)).isEmpty();
            assertThat(CacheLock.tryTake(directory.resolve("another.lock"), true))
                    .hasValueSatisfying(CacheLock::close);
        }
    }

    @Test
    void whoWaitsIsToldOnceAndHasTheLockWhenItIsFree() throws InterruptedException {
        List<String> said = new ArrayList<>();
        CacheLock first = CacheLock.take(file(), true, RootfsProgress.NONE);
        try (CacheLock second = CacheLock.take(file(), true, onWord(said, first::close))) {
            assertThat(second.isHeld()).isTrue();
        }
        assertThat(said).singleElement().asString().startsWith("waiting for another");
    }

    @Test
    void anInterruptEndsTheWaiting() throws Exception {
        try (CacheLock first = CacheLock.take(file(), true, RootfsProgress.NONE)) {
            CompletableFuture<Void> waiting = new CompletableFuture<>();
            CompletableFuture<CacheLock> second = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    second.complete(
                            CacheLock.take(file(), true, onWord(new ArrayList<>(), () -> waiting.complete(null))));
                } catch (InterruptedException e) {
                    second.completeExceptionally(e);
                }
            });
            thread.start();
            waiting.get(1, TimeUnit.MINUTES);
            thread.interrupt();
            assertThatThrownBy(() -> second.get(1, TimeUnit.MINUTES))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InterruptedException.class);
            assertThat(first.isHeld()).isTrue();
        }
    }

    @Test
    void aFileThatCannotBeMadeIsNamed() {
        Path file = directory.resolve("nowhere").resolve("one.lock");
        assertThatThrownBy(() -> CacheLock.take(file, true, RootfsProgress.NONE))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining(file.toString());
    }
}
