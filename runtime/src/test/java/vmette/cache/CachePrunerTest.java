package vmette.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmBusyException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;
import vmette.rootfs.CacheUse;
import vmette.rootfs.RootfsProgress;

/** By files laid out as those who keep them say it; CacheIT has the real ones. */
class CachePrunerTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @TempDir
    private Path cache;

    /** One letter stands for a name of as many digits as it should have. */
    private static String full(String name) {
        return Pattern.compile("(?<=/)[a-f](?=\\.|$)").matcher(name).replaceAll(found -> found.group()
                .repeat(64));
    }

    private static String brief(String name) {
        return name.replaceAll("([a-f])\\1{63}", "$1");
    }

    private Path path(String name) {
        return cache.resolve(full(name));
    }

    private Path file(String name, String content) throws IOException {
        Path file = path(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    private void aged(Path file, int days) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofDays(days))));
    }

    private CachePruner.Result prune(Optional<Duration> age) throws IOException {
        return CachePruner.prune(cache, age, false, Duration.ZERO);
    }

    private List<String> left() throws IOException {
        try (Stream<Path> tree = Files.walk(cache)) {
            return tree.filter(Files::isRegularFile)
                    .map(path -> brief(cache.relativize(path).toString()))
                    .filter(name -> !name.equals("lock"))
                    .sorted()
                    .toList();
        }
    }

    private void everything() throws IOException {
        file("images/a.squashfs", "image");
        file("images/a.properties", "of=debian\\:12\n");
        file("images/a.lock", "");
        file("images/b.building", "half");
        file("images/b.lock", "");
        file("downloads/e.properties", "url=https\\://x/y\nsha256=" + HEX + "\n");
        file("downloads/e.lock", "");
        file("downloads/" + HEX, "content");
        file("downloads/" + HEX + ".lock", "");
        file("downloads/f.part", "half");
        file("downloads/.aside-1", "half");
        file("digests/d", "path=/root.tar\n");
        file("initramfs/c.cpio", "archive");
        file("initramfs/c.lock", "");
        file("initramfs/.new-1.cpio", "half");
        file(
                "oci/tags/d.json",
                "{\"reference\":\"docker.io/library/debian:12\",\"digest\":\"sha256:" + HEX + "\",\"asked\":0}");
        file(
                "oci/blobs/sha256/" + HEX,
                "{\"layers\":[{\"digest\":\"sha256:" + full("/a").substring(1) + "\"}],\"config\":{\"digest\":\"sha256:"
                        + full("/b").substring(1) + "\"}}");
        file("oci/blobs/sha256/a", "layer");
        file("oci/blobs/sha256/c.partial", "half a layer");
        file("oci/locks/01", "");
        file("guest/kernel-2/vmlinux", "new");
        file("guest/kernel-1/vmlinux", "old");
        file("guest/busybox-1/busybox", "new");
        file("guest/.lock", "");
        file("guest/.fetch-9/x", "half");
        Files.createSymbolicLink(cache.resolve("guest/current-kernel"), Path.of("kernel-2"));
        Files.createSymbolicLink(cache.resolve("guest/current-busybox"), Path.of("busybox-1"));
        file("cds/archive", "not ours");
        file("scratch/disk.ext4", "a VM's");
        // A directory of the user's own may have such a name.
        file("downloads/letter", "mine");
        file("downloads/.hidden", "mine");
        file("images/holiday.squashfs", "mine");
    }

    @Test
    void whatIsThereIsListedWithWhatItIsOf() throws IOException {
        everything();
        assertThat(CacheScan.of(cache))
                .extracting(
                        item -> item.kind().word() + " " + brief(item.of()) + " " + item.bytes() + " " + item.state())
                .containsExactlyInAnyOrder(
                        "image debian:12 19 FREE",
                        "leftover images/b 4 FREE",
                        "download https://x/y 96 FREE",
                        "leftover downloads/f 4 FREE",
                        "leftover downloads/.aside-1 4 FREE",
                        "digest /root.tar 15 FREE",
                        "initramfs initramfs/c 7 FREE",
                        "leftover initramfs/.new-1.cpio 4 FREE",
                        "tag docker.io/library/debian:12 " + Files.size(path("oci/tags/d.json")) + " FREE",
                        "blob docker.io/library/debian:12 " + Files.size(cache.resolve("oci/blobs/sha256/" + HEX))
                                + " FREE",
                        "blob docker.io/library/debian:12 5 FREE",
                        "blob sha256:c 12 FREE",
                        "guest guest/kernel-1 3 FREE",
                        "guest guest/kernel-2 3 NEEDED",
                        "guest guest/busybox-1 3 NEEDED",
                        "leftover guest/.fetch-9 4 FREE");
    }

    @Test
    void allThatIsNotNeededGoes() throws IOException {
        everything();
        CachePruner.Result dry = CachePruner.prune(cache, Optional.empty(), true, Duration.ZERO);
        List<String> before = left();
        assertThat(before).hasSizeGreaterThan(20);
        CachePruner.Result result = prune(Optional.empty());
        assertThat(result).isEqualTo(dry);
        assertThat(result.freed()).isPositive();
        assertThat(left())
                .containsExactly(
                        "cds/archive",
                        "downloads/.hidden",
                        "downloads/letter",
                        "guest/.lock",
                        "guest/busybox-1/busybox",
                        "guest/kernel-2/vmlinux",
                        "images/holiday.squashfs",
                        "oci/locks/01",
                        "scratch/disk.ext4");
        assertThat(prune(Optional.empty()).removed()).isEmpty();
    }

    @Test
    void onlyWhatIsOldGoesAndWhatBelongsToNothing() throws IOException {
        everything();
        for (String name :
                List.of("images/a.squashfs", "images/a.properties", "oci/blobs/sha256/a", "initramfs/c.cpio")) {
            aged(path(name), 40);
        }
        // Its lock's time is that of its last use.
        aged(path("images/a.lock"), 31);
        assertThat(prune(Optional.of(PruneRules.AGE)).removed())
                .extracting(item -> brief(item.of()))
                .containsExactlyInAnyOrder(
                        "debian:12",
                        "docker.io/library/debian:12",
                        "images/b",
                        "downloads/f",
                        "downloads/.aside-1",
                        "initramfs/.new-1.cpio",
                        "guest/.fetch-9");
        assertThat(left())
                .contains("initramfs/c.cpio", "oci/blobs/sha256/" + HEX)
                .doesNotContain("oci/blobs/sha256/a");
    }

    @Test
    void whatIsLockedStays() throws IOException {
        everything();
        for (String lock : List.of(
                "images/a.lock",
                "images/b.lock",
                "downloads/" + HEX + ".lock",
                "initramfs/c.lock",
                "guest/kernel-1/lock")) {
            try (OwnedFd user =
                    LockFile.tryLock(path(lock), !lock.contains("a.lock")).orElseThrow()) {
                assertThat(user.isClosed()).isFalse();
                assertThat(prune(Optional.empty()).inUse()).as(lock).hasSize(1);
            }
            everythingAgain();
        }
    }

    private void everythingAgain() throws IOException {
        Files.deleteIfExists(cache.resolve("guest/current-kernel"));
        Files.deleteIfExists(cache.resolve("guest/current-busybox"));
        everything();
    }

    @Test
    void nothingGoesWhileFilesAreGathered() throws IOException {
        everything();
        List<String> before = left();
        try (OwnedFd gathering = CacheUse.gathering(cache, RootfsProgress.NONE).orElseThrow()) {
            assertThat(gathering.isClosed()).isFalse();
            assertThatThrownBy(() -> prune(Optional.empty()))
                    .isInstanceOf(VmBusyException.class)
                    .hasMessageContaining("try again when they are done");
            assertThat(left()).isEqualTo(before);
            assertThat(CachePruner.prune(cache, Optional.empty(), true, Duration.ZERO)
                            .removed())
                    .isNotEmpty();
        }
        assertThat(prune(Optional.empty()).removed()).isNotEmpty();
    }

    @Test
    void aCacheThatIsNotThereIsEmpty() throws IOException {
        Path none = cache.resolve("none");
        assertThat(CacheScan.of(none)).isEmpty();
        assertThat(CachePruner.prune(none, Optional.empty(), false, Duration.ZERO)
                        .removed())
                .isEmpty();
        assertThat(none).doesNotExist();
    }

    @Test
    void damagedNotesAreNoHindrance() throws IOException {
        file("images/a.squashfs", "image");
        file("images/a.properties", "of=\\u00");
        file("downloads/e.properties", "\\u");
        file("oci/tags/d.json", "{");
        file("oci/blobs/sha256/b", "");
        assertThat(CacheScan.of(cache)).hasSize(4);
        assertThat(prune(Optional.empty()).removed()).hasSize(4);
        assertThat(left()).isEmpty();
    }
}
