package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.BadImageException;
import vmette.errors.VmetteIoException;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

class DownloadsTest {
    @TempDir
    Path cache;

    private final List<String> said = new ArrayList<>();
    private FlakyServer server;

    @BeforeEach
    void start() throws IOException {
        server = new FlakyServer();
        server.content = new byte[300_000];
        new Random(7).nextBytes(server.content);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        assertThat(CacheFiles.list(cache.resolve("downloads"), "{*.part,.aside*}"))
                .as("half of something")
                .isEmpty();
    }

    private Downloads.Fetched fetch(boolean offline) {
        return fetch(offline, Duration.ofSeconds(30));
    }

    private Downloads.Fetched fetch(boolean offline, Duration stall) {
        RootfsProgress progress = new RootfsProgress() {
            @Override
            public void say(String line) {
                said.add(line);
            }

            @Override
            public Transfer transfer(String what, long totalBytes) {
                return RootfsProgress.NONE.transfer(what, totalBytes);
            }
        };
        return new Downloads(new RootfsRequest("test", cache, 1 << 20, offline, progress), stall)
                .fetch(server.uri(), digest -> false);
    }

    private void assertFetched(boolean offline) {
        try (Downloads.Fetched fetched = fetch(offline)) {
            assertThat(fetched.file()).hasBinaryContent(server.content);
            assertThat(fetched.sha256()).isEqualTo(fetched.file().getFileName().toString());
        }
    }

    @Test
    void aBrokenTransferGoesOnWhereItBroke() {
        server.breakAfter = 100_000;
        assertFetched(false);
        assertThat(server.asked).hasSize(3);
        assertThat(server.asked.get(0)).isEqualTo("all");
        assertThat(server.asked.subList(1, 3)).allMatch(each -> each.startsWith("bytes="));
    }

    @Test
    void aBrokenTransferBeginsAnewWhereTheServerKnowsNoRanges() {
        server.ranges = false;
        server.breakAfter = 299_000;
        Thread mend = new Thread(() -> {
            while (server.asked.size() < 2 && !Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
            server.breakAfter = Integer.MAX_VALUE;
        });
        mend.start();
        assertFetched(false);
        assertThat(server.asked.size()).isBetween(2, 4);
    }

    @Test
    void withoutATagNothingIsPutTogetherOfTwoAnswers() {
        server.etag = "";
        server.breakAfter = 100_000;
        assertThatThrownBy(() -> fetch(false)).isInstanceOf(VmetteIoException.class);
        assertThat(server.asked).allMatch(each -> each.equals("all"));
    }

    @Test
    void whatIsHereIsAskedForOnceAndNotFetchedAgain() {
        assertFetched(false);
        assertFetched(false);
        assertThat(server.asked).containsExactly("all", "all unless \"1\"");
        assertFetched(true);
        assertThat(server.asked).hasSize(2);
    }

    @Test
    void whatHasChangedIsFetched() throws IOException {
        assertFetched(false);
        server.content = new byte[] {1, 2, 3};
        server.etag = "\"2\"";
        assertFetched(false);
        assertThat(CacheFiles.list(cache.resolve("downloads"), "[0-9a-f]*[0-9a-f]"))
                .as("what nobody uses is removed")
                .hasSize(1);
    }

    @Test
    void whatIsInUseStaysWhenItHasChanged() {
        byte[] former = server.content;
        try (Downloads.Fetched used = fetch(false)) {
            server.content = new byte[] {1, 2, 3};
            server.etag = "\"2\"";
            assertFetched(false);
            assertThat(used.file()).hasBinaryContent(former);
        }
    }

    @Test
    void offlineWhatIsMissingIsNamedWithTheRemedy() {
        assertThatThrownBy(() -> fetch(true))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(server.uri().toString())
                .hasMessageContaining("not in the cache")
                .hasMessageContaining("without --offline");
        assertThat(server.asked).isEmpty();
    }

    @Test
    void aServerThatFailsLeavesWhatWasFetchedBefore() {
        assertFetched(false);
        server.status = 503;
        assertFetched(false);
        assertThat(said).anyMatch(line -> line.contains("503") && line.contains("fetched before"));
        server.status = 404;
        assertThatThrownBy(() -> fetch(false))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("404");
    }

    @Test
    void aServerThatIsGoneLeavesWhatWasFetchedBefore() {
        assertFetched(false);
        server.close();
        assertFetched(false);
        assertThat(said).anyMatch(line -> line.contains("fetched before"));
    }

    @Test
    void whatIsTooLargeIsRefusedBeforeItComes() {
        server.content = new byte[(1 << 20) + 1];
        assertThatThrownBy(() -> fetch(false))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("1048576 bytes");
        assertThat(server.asked).hasSize(1);
    }

    @Test
    void whatTurnsOutTooLargeIsCutOff() {
        server.content = new byte[3 << 20];
        server.chunked = true;
        assertThatThrownBy(() -> fetch(false)).isInstanceOf(BadImageException.class);
        assertThat(server.asked).hasSize(1);
    }

    @Test
    void aLengthThatIsTooLongIsNoticed() {
        server.claimed = 400_000;
        server.etag = "";
        assertThatThrownBy(() -> fetch(false))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(server.uri().toString());
    }

    @Test
    void aServerThatStopsInTheMiddleIsGivenUp() {
        server.stalls = true;
        server.breakAfter = 100_000;
        server.ranges = false;
        assertThatThrownBy(() -> fetch(false, Duration.ofSeconds(1)))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("nothing came for 1 s");
        assertThat(server.asked).hasSize(5);
    }

    @Test
    void aServerThatLiesAboutWhatIsHereIsRefused() {
        server.status = 304;
        assertThatThrownBy(() -> fetch(false))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("304");
    }

    @Test
    void anInterruptEndsIt() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> fetch(false))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }

    /** Whoever prunes the cache, or fetches the next version, finds it free. */
    @Test
    void whatCannotBeLookedAtIsNotHeld() {
        RootfsRequest request = new RootfsRequest("test", cache, 1 << 20, false, RootfsProgress.NONE);
        Downloads blind = new Downloads(request, Duration.ofSeconds(30), file -> {
            throw new IOException("gone meanwhile");
        });
        assertThatThrownBy(() -> blind.fetch(server.uri(), digest -> false))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("gone meanwhile");
        String digest = CacheFiles.sha256(server.content);
        Optional<CacheLock> alone = CacheLock.tryTake(cache.resolve("downloads").resolve(digest + ".lock"), true);
        assertThat(alone).isPresent();
        alone.get().close();
    }
}
