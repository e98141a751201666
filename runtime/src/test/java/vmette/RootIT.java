package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.cli.Caches;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;

/** Roots, shares, disks and scratch of real VMs. */
class RootIT {
    @TempDir
    private static Path directory;

    private static Vmette vmette;
    private static Path root;

    @BeforeAll
    static void prepare() throws Exception {
        RuntimeSettings settings = Caches.settings(directory.resolve("cache"));
        vmette = Vmette.create(settings, said -> {});
        root = HostRoots.busybox(directory.resolve("a root, with a comma"), settings);
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static <T> T in(UnaryOperator<VmSpecBuilder> change, java.util.function.Function<VmHandle, T> with) {
        VmHandle vm = await(
                vmette.launch(change.apply(VmSpec.builder().memoryMib(256)).build()));
        try {
            return with.apply(vm);
        } finally {
            await(vm.stop());
        }
    }

    private static String out(VmHandle vm, String line) {
        return Guests.out(vmette, vm, line);
    }

    private static void fails(VmHandle vm, String line, String word) {
        Guests.Result result = sh(vmette, vm, line);
        assertThat(result.status().isSuccess()).as(result.toString()).isFalse();
        assertThat(result.stderr()).contains(word);
    }

    @ParameterizedTest
    @ValueSource(strings = {"chroot", "switch-root"})
    void aDirectoryIsTheRootAndItsWritesAreDiscarded(String how) throws IOException {
        Map<String, String> before = HostRoots.everything(root);
        in(b -> b.rootfs(root).switchRoot(how.equals("switch-root")), vm -> {
            assertThat(out(vm, "cat /marker; ls -a /; readlink /proc/self/root"))
                    .startsWith("from the host\n")
                    .endsWith("\n/\n");
            assertThat(out(vm, "touch /foo && echo changed > /marker && cat /marker && rm /etc/group && ls /etc"))
                    .isEqualTo("changed\nhosts\npasswd\n");
            assertThat(out(vm, "cat /etc/hosts")).contains("127.0.0.1 localhost");
            assertThat(out(vm, "cat /proc/mounts | cut -d' ' -f2 | grep vmette || true"))
                    .isEmpty();
            fails(vm, "mkdir /away && mount -t virtiofs vmette-root /away && touch /away/x", "Read-only");
            fails(vm, "umount /away; mount -t virtiofs -o rw vmette-root /away && echo x > /away/marker", "Read-only");
            // The guest's kernel gives in here, and only the host is left to refuse.
            fails(vm, "mount -o remount,rw /away && echo x > /away/marker", "Read-only");
            return null;
        });
        assertThat(HostRoots.everything(root)).isEqualTo(before);
    }

    @Test
    void aReadOnlyDirectoryRefusesWritesAndItsCommandsExitCodesComeBack() throws IOException {
        Map<String, String> before = HostRoots.everything(root);
        in(b -> b.rootfs(root).rootfsReadOnly(true), vm -> {
            fails(vm, "touch /foo", "Read-only");
            fails(vm, "echo x > /marker", "Read-only");
            assertThat(out(vm, "touch /tmp/x /run/y /dev/shm/z && cat /marker")).isEqualTo("from the host\n");
            assertThat(sh(vmette, vm, "exit 42").status().code()).isEqualTo(42);
            return null;
        });
        assertThat(HostRoots.everything(root)).isEqualTo(before);
    }

    @Test
    void afterSwitchRootThereIsNoWayBack() {
        in(b -> b.rootfs(root).switchRoot(true), vm -> {
            assertThat(out(vm, "stat -c %d:%i / /proc/1/root/ /proc/self/root/ | sort -u | wc -l")
                            .trim())
                    .isEqualTo("1");
            assertThat(out(vm, "cat /proc/mounts | cut -d' ' -f2 | sort | head -2"))
                    .isEqualTo("/\n/dev\n");
            // The classic way out of a chroot.
            assertThat(
                            out(
                                    vm,
                                    "mkdir -p /jail && cp -a /bin /jail && chroot /jail /bin/sh -c"
                                            + " 'cd /../../../../../..; ls' | sort | head -1; cat /proc/1/root/marker; ls /proc/1/root/vmette 2>&1 | grep -c agent || true"))
                    .endsWith("from the host\n0\n");
            // Nor by the root of the mount namespace, which is where PID 1 was born.
            assertThat(out(vm, "busybox nsenter -t 1 -m /bin/sh -c 'cat /marker; ls -d /vmette 2>&1 | grep -c No'"))
                    .isEqualTo("from the host\n1\n");
            return null;
        });
    }

    @Test
    void sharesAreAtMntAndReadOnlyOnesAreSoOnTheHost() throws IOException {
        Path work = Files.createDirectories(directory.resolve("work"));
        Path docs = Files.createDirectories(directory.resolve("docs"));
        Files.writeString(docs.resolve("page"), "a page\n");
        for (Optional<Path> under : List.of(Optional.<Path>empty(), Optional.of(root))) {
            Map<String, String> before = HostRoots.everything(docs);
            in(
                    b -> {
                        under.ifPresent(b::rootfs);
                        return b.share("work", work).share(new Share("docs", docs, true));
                    },
                    vm -> {
                        assertThat(out(
                                        vm,
                                        "cat /mnt/docs/page; echo guest > /mnt/work/file && chmod 640 /mnt/work/file"))
                                .isEqualTo("a page\n");
                        assertThat(out(vm, "grep -o '/mnt/.* virtiofs r.' /proc/mounts"))
                                .isEqualTo("/mnt/work virtiofs rw\n/mnt/docs virtiofs ro\n");
                        fails(vm, "touch /mnt/docs/x", "Read-only");
                        fails(vm, "mount -o remount,rw /mnt/docs && touch /mnt/docs/x", "Read-only");
                        return null;
                    });
            assertThat(work.resolve("file")).hasContent("guest\n");
            Files.delete(work.resolve("file"));
            assertThat(HostRoots.everything(docs)).isEqualTo(before);
        }
    }

    @Test
    void disksComeInTheirOrderAndKeepWhatIsWritten() throws IOException {
        Path first = directory.resolve("first, disk");
        Path second = directory.resolve("second");
        Files.write(first, new byte[1 << 20]);
        Files.write(second, new byte[2 << 20]);
        in(b -> b.rootfs(root).scratchMib(64).disk(first).disk(second), vm -> {
            assertThat(out(vm, "blockdev --getsize64 /dev/vda; blockdev --getsize64 /dev/vdb"))
                    .isEqualTo("1048576\n2097152\n");
            out(
                    vm,
                    "echo one | dd of=/dev/vda conv=notrunc 2>&1; echo two | dd of=/dev/vdb seek=1 conv=notrunc 2>&1; sync");
            return null;
        });
        assertThat(Files.readAllBytes(first)).startsWith("one\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        assertThat(Files.readAllBytes(second)).contains("two\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    @Test
    void scratchTakesMoreThanMemoryAndIsGoneAfter() throws IOException {
        in(b -> b.rootfs(root).memoryMib(128).scratchMib(400), vm -> {
            assertThat(out(
                            vm,
                            "dd if=/dev/zero of=/big bs=1048576 count=150 2>&1 && dd if=/dev/zero of=/tmp/big bs=1048576 count=150 2>&1"
                                    + " && stat -c %s /big /tmp/big"))
                    .endsWith("157286400\n157286400\n");
            return null;
        });
        in(
                b -> b.memoryMib(128).scratchMib(200),
                vm -> out(vm, "dd if=/dev/zero of=/tmp/big bs=1048576 count=150 2>&1"));
        try (Stream<Path> left = Files.list(directory.resolve("cache/scratch"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void aCommandRunsAsAUserOfTheRoot() {
        in(b -> b.rootfs(root), vm -> {
            Guests.Result result = Guests.run(
                    vmette,
                    vm,
                    ExecSpec.shell("id -u; id -g; id -G; echo $HOME; touch /marker")
                            .withUser("app"));
            assertThat(result.stdout()).isEqualTo("1000\n1001\n1001 50\n/home/app\n");
            assertThat(result.stderr()).contains("Permission denied");
            assertThatThrownBy(
                            () -> Guests.run(vmette, vm, ExecSpec.shell("true").withUser("nobody")))
                    .isInstanceOf(VmetteException.class)
                    .hasMessageContaining("become the user nobody");
            return null;
        });
    }

    @Test
    void everyGuestCanSendToTheHost() {
        for (Optional<Path> under : List.of(Optional.<Path>empty(), Optional.of(root))) {
            in(
                    b -> {
                        under.ifPresent(b::rootfs);
                        return b.vsockPort(0);
                    },
                    vm -> {
                        assertThat(out(vm, "echo ping | vsock-send $VMETTE_VSOCK_PORT"))
                                .isEqualTo("ping\n");
                        return null;
                    });
        }
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnythingStarts() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "x");
        refused(b -> b.rootfs(directory.resolve("missing")), "there is no such directory");
        refused(b -> b.rootfs(file), "is not a directory");
        refused(b -> b.share("x", file), "is not a directory of this host");
        refused(b -> b.disk(directory.resolve("missing")), "there is no such file");
        refused(b -> b.disk(directory), "it is a directory");
        refused(b -> b.disk(Files.createFile(directory.resolve("empty"))), "it is empty");
    }

    private interface Change {
        VmSpecBuilder apply(VmSpecBuilder builder) throws IOException;
    }

    private static void refused(Change change, String why) throws IOException {
        VmSpec spec = change.apply(VmSpec.builder()).build();
        assertThatThrownBy(() -> await(vmette.launch(spec)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(why);
    }
}
