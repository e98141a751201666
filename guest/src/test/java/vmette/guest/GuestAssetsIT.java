package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fetches Debian's real kernel and busybox and boots them, with a shell script for an agent. */
class GuestAssetsIT {
    private static final GuestAgent SCRIPT = agent("""
            #!/bin/sh
            while read module; do insmod $module && echo "loaded $module"; done < /vmette/modules.list
            su nobody -c 'echo "I am $(id -un) in $(pwd)"'
            uname -r
            ls -l /dev/console /users-own
            poweroff -f
            """);

    private static final Duration BOOT = Duration.ofMinutes(3);

    @TempDir
    static Path directory;

    private static GuestKernel fetched;

    @BeforeAll
    static void fetch() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/apt-get")), "needs Debian's apt");
        List<String> progress = new ArrayList<>();
        fetched = assets().prepare(progress::add);
        assertThat(progress).anyMatch(line -> line.matches("downloading linux-image-[0-9].* from Debian \\(.* MiB\\)"));
    }

    @Test
    void theKernelIsUncompressedAndBootable() throws IOException {
        assertThat(fetched.version()).matches("[0-9]+\\.[0-9]+\\..*-cloud-amd64");
        assertThat(fetched.kernel()).hasFileName("vmlinux");
        assertThat(KernelImage.isBootableVmlinux(fetched.kernel())).isTrue();
        assertThat(KernelModules.in(fetched.kernel().resolveSibling("modules"))
                        .resolve(List.of("virtio_blk", "virtio_net", "virtiofs", "overlay", "squashfs")))
                .extracting(KernelModule::name)
                .contains("fuse", "virtio_ring", "virtio_net");
    }

    @Test
    void nothingIsLeftOfTheFetchAndTheNextOneDoesNothing() throws IOException {
        assertThat(assets().prepare(line -> assertThat(line).isEmpty())).isEqualTo(fetched);
        try (Stream<Path> files = Files.list(directory.resolve("guest"))) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.startsWith(".fetch"));
        }
    }

    @Test
    void theKernelStartsTheAgentWhichLoadsTheModules() throws IOException {
        String console = boot(fetched);
        assertThat(console)
                .contains("loaded /vmette/modules/virtio_pci.ko")
                .contains("loaded /vmette/modules/vmw_vsock_virtio_transport.ko")
                .contains("I am nobody in /")
                .contains(fetched.version())
                .containsPattern("crw.* 5, +1 .*/dev/console");
    }

    @Test
    void anArchiveOfTheUsersIsUnpackedBeforeOurs() throws IOException {
        Path plain = directory.resolve("users.cpio");
        GuestAsset busybox =
                GuestAsset.in(directory.resolve("guest/current-busybox")).orElseThrow();
        try (OutputStream out = Files.newOutputStream(plain);
                CpioArchive archive = new CpioArchive(out)) {
            archive.directory("bin", 0755);
            archive.directory("dev", 0755);
            archive.file("bin/busybox", 0755, Files.readAllBytes(busybox.file()));
            for (String applet : List.of("sh", "ls", "insmod", "uname", "poweroff")) {
                archive.symbolicLink("bin/" + applet, "busybox");
            }
            archive.file("users-own", 0644, new byte[3]);
        }
        Path compressed = directory.resolve("users.img");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(compressed))) {
            Files.copy(plain, out);
        }
        for (Path archive : List.of(plain, compressed)) {
            GuestKernel kernel = assets().withInitramfs(archive)
                    .prepare(line -> assertThat(line).isEmpty());
            assertThat(boot(kernel))
                    .contains("loaded /vmette/modules/vmw_vsock_virtio_transport.ko")
                    .containsPattern("-rw-r--r--.* 3 .*/users-own");
        }
    }

    private static GuestAssets assets() {
        return GuestAssets.in(directory, SCRIPT);
    }

    private static GuestAgent agent(String script) {
        return GuestAgent.of(script.getBytes(StandardCharsets.UTF_8));
    }

    private static String boot(GuestKernel kernel) throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "needs QEMU");
        List<String> command = List.of(
                "qemu-system-x86_64",
                "-M",
                "pc",
                "-accel",
                "tcg",
                "-cpu",
                "max",
                "-m",
                "256",
                "-nodefaults",
                "-no-user-config",
                "-nographic",
                "-no-reboot",
                "-serial",
                "stdio",
                "-kernel",
                kernel.kernel().toString(),
                "-initrd",
                kernel.initramfs().toString(),
                "-append",
                "console=ttyS0 quiet acpi=noirq panic=-1 rdinit=" + GuestKernel.INIT);
        return ChildProcess.run(command, directory, BOOT).output();
    }
}
