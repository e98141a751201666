package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

class GuestAssetsTest {
    private static final GuestAgent AGENT = GuestAgent.of("agent".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path directory;

    private final FakePackages packages = new FakePackages();
    private final List<String> progress = new ArrayList<>();

    @Test
    void withNothingGivenAKernelAndBusyboxAreFetchedOnce() throws IOException {
        GuestKernel first = assets().prepare(progress::add);
        assertThat(first.version()).isEqualTo(FakePackages.RELEASE);
        assertThat(first.kernel()).isEqualTo(cache().resolve("guest/kernel-6.1.9-1/vmlinux"));
        assertThat(first.kernel()).hasBinaryContent(ElfFiles.vmlinux(true));
        assertThat(Files.readString(first.initramfs(), StandardCharsets.ISO_8859_1))
                .contains("/vmette/modules/vsock.ko\n/vmette/modules/vmw_vsock_virtio_transport.ko\n")
                .contains("bin/busybox")
                .doesNotContain("overlay.ko");
        assertThat(progress).isNotEmpty();

        progress.clear();
        assertThat(assets().prepare(progress::add)).isEqualTo(first);
        assertThat(packages.fetches).containsExactly(Set.of(AssetKind.KERNEL, AssetKind.BUSYBOX));
        assertThat(progress).isEmpty();
    }

    @Test
    void moreModulesCanBeWantedOfAFetchedKernel() throws IOException {
        GuestAssets more = assets().withWantedModules(List.of("overlay", "vsock"));
        assertThat(Files.readString(more.prepare(progress::add).initramfs(), StandardCharsets.ISO_8859_1))
                .contains("/vmette/modules/overlay.ko\n/vmette/modules/vsock.ko\n");
        assertThatThrownBy(() -> assets().withWantedModules(List.of("unneeded")).prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("unneeded");
    }

    @Test
    void onlyWhatTheUserDoesNotBringIsFetched() throws IOException {
        GuestAssets ownKernel = assets().withKernel(bzImage("6.6.1"));
        assertThat(ownKernel.prepare(progress::add).version()).isEqualTo("6.6.1");
        assertThat(packages.fetches).containsExactly(Set.of(AssetKind.BUSYBOX));

        Path archive = Files.writeString(directory.resolve("initramfs"), "070701");
        GuestKernel both = ownKernel.withInitramfs(archive).prepare(progress::add);
        assertThat(both.kernel()).isEqualTo(directory.resolve("bzImage"));
        assertThat(packages.fetches).hasSize(1);

        assets().withInitramfs(archive).prepare(progress::add);
        assertThat(packages.fetches).containsExactly(Set.of(AssetKind.BUSYBOX), Set.of(AssetKind.KERNEL));
    }

    @Test
    void aVmlinuxIsTakenWithAPvhEntryOnly() throws IOException {
        Path good = Files.write(directory.resolve("vmlinux"), ElfFiles.vmlinux(true));
        assertThat(assets().withKernel(good).prepare(progress::add).version()).isEqualTo("vmlinux");
        Path bad = Files.write(directory.resolve("no-pvh"), ElfFiles.vmlinux(false));
        assertThatThrownBy(() -> assets().withKernel(bad).prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("CONFIG_PVH");
    }

    @Test
    void whatIsNoKernelIsRefusedBeforeAnythingIsFetched() throws IOException {
        Path text = Files.writeString(directory.resolve("kernel.txt"), "not a kernel".repeat(100));
        Path module = Files.write(directory.resolve("x.ko"), ElfFiles.module("", "6.1"));
        for (Path file : List.of(text, module)) {
            assertThatThrownBy(() -> assets().withKernel(file).prepare(progress::add))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining(file + " is not a Linux kernel (neither bzImage nor vmlinux)");
        }
        assertThatThrownBy(() -> assets().withKernel(directory).prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("is a directory");
        assertThatThrownBy(() -> assets().withKernel(directory.resolve("gone")).prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("does not exist");
        assertThat(packages.fetches).isEmpty();
    }

    @Test
    void modulesHaveToBeThoseOfAKernelThatIsGiven() throws IOException {
        Path modules = Files.createDirectory(directory.resolve("modules"));
        Files.write(modules.resolve("vsock.ko"), ElfFiles.module("", "6.6.1"));
        assertThatThrownBy(() -> assets().withModules(modules).prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("--kernel");
        GuestAssets fitting = assets().withKernel(bzImage("6.6.1")).withModules(modules);
        assertThat(Files.readString(fitting.prepare(progress::add).initramfs(), StandardCharsets.ISO_8859_1))
                .contains("/vmette/modules/vsock.ko\n");
        GuestAssets other = assets().withKernel(bzImage("6.7.0")).withModules(modules);
        assertThatThrownBy(() -> other.prepare(progress::add))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("is for Linux 6.6.1")
                .hasMessageContaining("is 6.7.0");
    }

    @Test
    void aFetchThatFailsLeavesNothing() throws IOException {
        packages.during = scratch -> {
            throw new VmetteIoException("offline");
        };
        assertThatThrownBy(() -> assets().prepare(progress::add)).hasMessage("offline");
        assertThat(inGuest()).containsExactly(".lock");
        packages.during = scratch -> {};
        assertThat(assets().prepare(progress::add).kernel()).exists();
    }

    @Test
    void whatAKilledFetchHasLeftIsRemovedByTheNext() throws IOException {
        Path dead = Files.createDirectories(cache().resolve("guest/.fetch-dead/packages/kernel"));
        Files.writeString(dead.resolve("half"), "half");
        assets().prepare(progress::add);
        assertThat(inGuest())
                .containsExactly(".lock", "busybox-1_1.35", "current-busybox", "current-kernel", "kernel-6.1.9-1");
    }

    @Test
    void aDamagedAssetIsFetchedAgain() throws IOException {
        GuestKernel first = assets().prepare(progress::add);
        Files.writeString(first.kernel(), "cut short");
        assertThat(assets().prepare(progress::add)).isEqualTo(first);
        assertThat(first.kernel()).hasBinaryContent(ElfFiles.vmlinux(true));
        assertThat(packages.fetches).hasSize(2).endsWith(Set.of(AssetKind.KERNEL));
    }

    @Test
    void manyThreadsFetchOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            Callable<GuestKernel> prepare = () -> assets().prepare(line -> {});
            List<Future<GuestKernel>> all = threads.invokeAll(Collections.nCopies(8, prepare));
            for (Future<GuestKernel> one : all) {
                assertThat(one.get()).isEqualTo(all.get(0).get());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(packages.fetches).hasSize(1);
    }

    @Test
    void anInterruptEndsTheWaitForAnotherFetch() throws Exception {
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> assets().prepare(progress::add)).isInstanceOf(VmetteIoException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    private GuestAssets assets() {
        return GuestAssets.in(cache(), AGENT, packages);
    }

    private Path cache() {
        return directory.resolve("cache");
    }

    private Path bzImage(String release) throws IOException {
        return Files.write(directory.resolve("bzImage"), ElfFiles.bzImage(release, new byte[10]));
    }

    private List<String> inGuest() throws IOException {
        try (Stream<Path> files = Files.list(cache().resolve("guest"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
