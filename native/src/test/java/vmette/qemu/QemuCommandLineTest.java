package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.vhostuser.GuestMemoryAccess;

class QemuCommandLineTest {
    private static final Path BINARY = Path.of("/usr/bin/qemu-system-x86_64");
    private static final BootSource LINUX =
            new BootSource.Linux(Path.of("/k,1/vmlinuz"), Path.of("/k,1/initramfs"), "quiet a=b,c");

    private static QemuLaunch launch(BootSource boot, String directory, boolean vsock) {
        return new QemuLaunch("web,debug-threads=on", boot, 2, 512, Path.of(directory), vsock);
    }

    @Test
    void whole() {
        assertThat(QemuCommandLine.of(BINARY, Accelerator.TCG, launch(LINUX, "/run/vm", true)))
                .containsExactly(
                        "/usr/bin/qemu-system-x86_64",
                        "-name",
                        "guest=web,,debug-threads=on",
                        "-M",
                        "pc,memory-backend=mem",
                        "-accel",
                        "tcg",
                        "-cpu",
                        "max,erms=off,fsrm=off",
                        "-smp",
                        "2",
                        "-m",
                        "512M",
                        "-object",
                        "memory-backend-memfd,id=mem,size=512M,share=on",
                        "-nodefaults",
                        "-no-user-config",
                        "-display",
                        "none",
                        "-no-reboot",
                        "-sandbox",
                        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                        "-kernel",
                        "/k,1/vmlinuz",
                        "-initrd",
                        "/k,1/initramfs",
                        "-append",
                        "quiet a=b,c",
                        "-chardev",
                        "file,id=console,path=/dev/fd/1",
                        "-serial",
                        "chardev:console",
                        "-chardev",
                        "socket,id=qmp,path=/run/vm/qmp.sock",
                        "-mon",
                        "chardev=qmp,mode=control",
                        "-chardev",
                        "socket,id=vs,path=/run/vm/vhost.sock",
                        "-device",
                        "vhost-user-vsock-pci,id=vsock0,chardev=vs,bus=pci.0,addr=5");
    }

    @Test
    void memoryMayLieInAFileSharedOrPrivate() {
        QemuLaunch launch = launch(LINUX, "/run/vm", true);
        Path file = Path.of("/dev/shm/a,b/memory");
        assertThat(QemuCommandLine.of(BINARY, Accelerator.TCG, launch.withMemory(new MemoryBacking.PrivateFile(file))))
                .containsSequence(
                        "-object", "memory-backend-file,id=mem,size=512M,share=off,mem-path=/dev/shm/a,,b/memory");
        assertThat(QemuCommandLine.of(BINARY, Accelerator.TCG, launch.withMemory(new MemoryBacking.SharedFile(file))))
                .containsSequence(
                        "-object", "memory-backend-file,id=mem,size=512M,share=on,mem-path=/dev/shm/a,,b/memory");
        assertThat(launch.memory().access()).isEqualTo(GuestMemoryAccess.SHARED);
        assertThat(new MemoryBacking.SharedFile(file).access()).isEqualTo(GuestMemoryAccess.SHARED);
        assertThat(new MemoryBacking.PrivateFile(file).access()).isEqualTo(GuestMemoryAccess.PRIVATE);
        assertThatThrownBy(() -> new MemoryBacking.PrivateFile(Path.of("memory")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void privateMemoryAndSharedDirectoriesExcludeEachOther() {
        List<SharedDirectory> shares = List.of(new SharedDirectory("tag", Path.of("/run/fs.sock")));
        QemuLaunch launch =
                new QemuLaunch("m", LINUX, 1, 64, Path.of("/d"), true, new NetworkCard.None(), List.of(), shares);
        assertThatThrownBy(() -> launch.withMemory(new MemoryBacking.PrivateFile(Path.of("/memory"))))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("private memory and shares 1 directories");
        assertThat(launch.withMemory(new MemoryBacking.SharedFile(Path.of("/memory")))
                        .shares())
                .isEqualTo(shares);
    }

    @Test
    void kvmTakesTheHostsProcessor() {
        List<String> line = QemuCommandLine.of(BINARY, Accelerator.KVM, launch(LINUX, "/run/vm", true));
        assertThat(line).containsSequence("-accel", "kvm").containsSequence("-cpu", "host");
    }

    @Test
    void withoutVsockThereIsNoDevice() {
        List<String> line = QemuCommandLine.of(BINARY, Accelerator.TCG, launch(LINUX, "/run/vm", false));
        assertThat(line).doesNotContain("-device").noneMatch(word -> word.contains("vhost"));
    }

    @Test
    void firmwareAloneHasNoKernel() {
        List<String> line =
                QemuCommandLine.of(BINARY, Accelerator.TCG, launch(new BootSource.Firmware(), "/run/vm", false));
        assertThat(line).doesNotContain("-kernel", "-initrd", "-append");
    }

    @Test
    void commasInSocketPathsAreDoubled() {
        List<String> line = QemuCommandLine.of(BINARY, Accelerator.TCG, launch(LINUX, "/run/a,b,,c", true));
        assertThat(line)
                .contains("socket,id=qmp,path=/run/a,,b,,,,c/qmp.sock", "socket,id=vs,path=/run/a,,b,,,,c/vhost.sock");
    }

    @ParameterizedTest
    @CsvSource({"0, 64, vcpus", "256, 64, vcpus", "-1, 64, vcpus", "1, 31, memory", "1, 0, memory", "1, -5, memory"})
    void impossibleMachinesAreRefused(int vcpus, long memory, String named) {
        assertThatThrownBy(() -> new QemuLaunch("m", LINUX, vcpus, memory, Path.of("/d"), false))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("VM m: " + named);
    }

    @Test
    void boundsThemselvesAreTaken() {
        assertThat(new QemuLaunch("m", LINUX, 255, 32, Path.of("/d"), false).vcpus())
                .isEqualTo(255);
        assertThatThrownBy(() -> new QemuLaunch("", LINUX, 1, 32, Path.of("/d"), false))
                .isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> new QemuLaunch("m", LINUX, 1, 32, Path.of("relative"), false))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nonexistent/qemu", "/etc/passwd", "/tmp"})
    void namedBinaryMustBeExecutable(String setting) {
        assertThatThrownBy(() -> QemuProbe.find(Optional.of(Path.of(setting))))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("vmette.qemu.binary")
                .hasMessageContaining("QEMU not found");
        assertThat(QemuProbe.find(Optional.of(Path.of("/bin/sh")))).isEqualTo(Path.of("/bin/sh"));
    }
}
