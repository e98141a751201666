package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

class RuntimeDirectoryTest {
    @TempDir
    private Path temporary;

    private Path base;
    private final List<RuntimeDirectory> opened = new ArrayList<>();
    private final long uid = RuntimeBase.effectiveUser();

    @BeforeEach
    void makeBase() throws Exception {
        base = Files.createDirectory(temporary.resolve("b"), RuntimeBase.PRIVATE);
    }

    @AfterEach
    void closeAll() {
        opened.forEach(RuntimeDirectory::close);
    }

    private RuntimeDirectory open() {
        return track(RuntimeDirectory.open(base.toString()));
    }

    private RuntimeDirectory track(RuntimeDirectory directory) {
        opened.add(directory);
        return directory;
    }

    private static void chmod(Path path, String mode) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void isPrivateNamedAfterUserAndProcessAndGoneAfterClose() throws Exception {
        RuntimeDirectory directory = open();
        Path vm = directory.createVmDirectory("web");
        Files.writeString(vm.resolve("file"), "x");

        assertThat(directory.path().getParent()).isEqualTo(base.toRealPath().resolve("vmette-" + uid));
        assertThat(directory.path().getFileName().toString())
                .matches(ProcessHandle.current().pid() + "-[0-9a-f]{16}");
        assertThat(mode(directory.path())).isEqualTo("rwx------");
        assertThat(mode(directory.path().getParent())).isEqualTo("rwx------");
        assertThat(mode(vm)).isEqualTo("rwx------");

        directory.close();
        directory.close();
        assertThat(directory.path()).doesNotExist();
        assertThatThrownBy(() -> directory.createVmDirectory("late")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void vmDirectoriesAreDistinctAndTheirNamesTame() {
        RuntimeDirectory directory = open();
        Path one = directory.createVmDirectory("../../Ünsafe/name of any length whatsoever");
        Path two = directory.createVmDirectory("../../Ünsafe/name of any length whatsoever");
        assertThat(one).isNotEqualTo(two).isDirectory();
        assertThat(one.getParent()).isEqualTo(directory.path());
        assertThat(one.getFileName().toString()).matches("nsafenameofa-[0-9a-z]+");
        assertThat(directory.createVmDirectory("").getFileName().toString()).startsWith("vm-");
    }

    @Test
    void longestAcceptedBaseStillBindsSockets() throws Exception {
        Path accepted = base;
        Path refused = accepted;
        boolean fits = true;
        while (fits) {
            accepted = refused;
            refused = Files.createDirectory(accepted.resolve("d"), RuntimeBase.PRIVATE);
            fits = fits(refused);
        }
        RuntimeDirectory directory = track(RuntimeDirectory.open(accepted.toString()));
        Path socket = directory.createVmDirectory("averyveryverylonghint").resolve("vhost.sock");
        assertThat(socket.toString().getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(107);
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
        }
        Path tooLong = refused;
        assertThatThrownBy(() -> RuntimeDirectory.open(tooLong.toString()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("vmette.runtime-dir")
                .hasMessageContaining("107");
    }

    private boolean fits(Path candidate) {
        try {
            track(RuntimeDirectory.open(candidate.toString()));
            return true;
        } catch (InvalidConfigException tooLong) {
            return false;
        }
    }

    @Test
    void settingThatIsMissingOrOpenToOthersIsRefused() throws Exception {
        assertThatThrownBy(() -> RuntimeDirectory.open(base.resolve("absent").toString()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("absent");
        chmod(base, "rwxrwxrwx");
        assertThatThrownBy(() -> RuntimeDirectory.open(base.toString()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("sticky");
    }

    @Test
    void stickyBaseOpenToAllIsTaken() throws Exception {
        Files.setAttribute(base, "unix:mode", 01777);
        assertThat(open().path()).exists();
    }

    @Test
    void nameMadeByAnotherFirstIsPassedOver() throws Exception {
        Path victim = Files.createDirectory(temporary.resolve("victim"));
        Files.createSymbolicLink(base.resolve("vmette-" + uid), victim);
        chmod(Files.createDirectory(base.resolve("vmette-" + uid + "-1")), "rwxrwxrwx");
        Files.createFile(base.resolve("vmette-" + uid + "-2"));
        assertThat(open().path().getParent().getFileName().toString()).isEqualTo("vmette-" + uid + "-3");
        assertThat(victim).isEmptyDirectory();
    }

    @Test
    void strangersDirectoriesAreNotUsed() throws Exception {
        assumeTrue(uid == 0, "only root can give a directory away");
        Path stranger = Files.createDirectory(base.resolve("vmette-0"), RuntimeBase.PRIVATE);
        Files.setAttribute(stranger, "unix:uid", 4711);
        assertThat(open().path().getParent().getFileName().toString()).isEqualTo("vmette-0-1");
        Files.setAttribute(base, "unix:uid", 4711);
        assertThatThrownBy(() -> RuntimeDirectory.open(base.toString()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("4711");
    }

    @Test
    void withoutSettingTheSessionsDirectoryThenTheFallback() throws Exception {
        // A short name: the path of a socket below it has a bound, and a user id of five digits is part of it.
        Path session = Files.createDirectory(temporary.resolve("s"), RuntimeBase.PRIVATE);
        Map<String, String> environment = Map.of("XDG_RUNTIME_DIR", session.toString());
        assertThat(track(RuntimeDirectory.open("", environment, base)).path()).startsWith(session.toRealPath());
        assertThat(track(RuntimeDirectory.open("", Map.of(), base)).path()).startsWith(base.toRealPath());
        for (String unusable : List.of("relative", temporary.resolve("absent").toString(), "")) {
            assertThat(track(RuntimeDirectory.open("", Map.of("XDG_RUNTIME_DIR", unusable), base))
                            .path())
                    .startsWith(base.toRealPath());
        }
        assertThatThrownBy(() -> RuntimeDirectory.open("", Map.of(), temporary.resolve("absent")))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("vmette.runtime-dir");
    }

    @Test
    void removalFollowsNoLinksAndOpensClosedDirectories() throws Exception {
        RuntimeDirectory directory = open();
        Path vm = directory.createVmDirectory("vm");
        Path kept = Files.writeString(
                Files.createDirectory(temporary.resolve("kept")).resolve("file"), "x");
        Files.createSymbolicLink(vm.resolve("link"), kept.getParent());
        Path work = Files.createDirectories(vm.resolve("overlay/work/inner"));
        chmod(work.getParent(), "---------");
        directory.removeVmDirectory(vm);
        directory.removeVmDirectory(vm);
        assertThat(vm).doesNotExist();
        assertThat(kept).exists();
        assertThatThrownBy(() -> directory.removeVmDirectory(kept.getParent()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> directory.removeVmDirectory(directory.path()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void sweepsTheDeadAndSparesTheLivingAndTheUnknown() throws Exception {
        RuntimeDirectory living = open();
        Path parent = living.path().getParent();
        Path dead = leftover(parent, "4711-0123456789abcdef", true);
        Path halfRemoved = leftover(parent, "4711-0123456789abcde0", false);
        Path stale = leftover(parent, ".new-0123456789abcdef", false);
        Files.setLastModifiedTime(stale, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        Path beingMade = leftover(parent, ".new-0123456789abcde0", false);
        Path unknown = leftover(parent, "precious", true);
        Path target = leftover(temporary, "target", true);
        Path link = Files.createSymbolicLink(parent.resolve("4711-0123456789abcde1"), target);

        RuntimeDirectory next = open();

        assertThat(dead).doesNotExist();
        assertThat(halfRemoved).doesNotExist();
        assertThat(stale).doesNotExist();
        assertThat(living.path().resolve("lock")).exists();
        assertThat(next.path().resolve("lock")).exists();
        assertThat(beingMade).exists();
        assertThat(unknown).exists();
        assertThat(link).isSymbolicLink();
        assertThat(target.resolve("file")).exists();
    }

    private static Path leftover(Path parent, String name, boolean withLock) throws Exception {
        Path directory = Files.createDirectory(parent.resolve(name));
        Files.writeString(directory.resolve("file"), "x");
        if (withLock) {
            Files.createFile(directory.resolve("lock"));
        }
        return directory;
    }

    @Test
    void runtimesStartingTogetherSweepOnlyTheDead() throws Exception {
        Path parent = open().path().getParent();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            for (int round = 0; round < 4; round++) {
                List<Path> dead = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    dead.add(leftover(parent, String.format("%d-%016x", 4711 + i, round), i % 2 == 0));
                }
                List<Callable<RuntimeDirectory>> opens = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    opens.add(() -> RuntimeDirectory.open(base.toString()));
                }
                List<RuntimeDirectory> started = new ArrayList<>();
                for (Future<RuntimeDirectory> future : threads.invokeAll(opens)) {
                    started.add(track(future.get(60, TimeUnit.SECONDS)));
                }
                assertThat(started).allSatisfy(live -> assertThat(live.path().resolve("lock"))
                        .exists());
                open();
                assertThat(dead).allSatisfy(path -> assertThat(path).doesNotExist());
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
