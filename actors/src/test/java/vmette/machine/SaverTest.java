package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;
import vmette.config.VmSpec;
import vmette.errors.SaveFailedException;
import vmette.guest.GuestKernel;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.qemu.NetworkCard;
import vmette.qemu.QemuHypervisor;
import vmette.snapshot.MachineIdentity;

/** What is refused before anything is asked of the machine. */
class SaverTest {
    @TempDir
    private Path temporary;

    private ChildProcesses children;
    private QemuHypervisor hypervisor;
    private Path program;
    private GuestKernel kernel;

    @BeforeEach
    void open() throws IOException {
        children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()));
        program = Files.writeString(temporary.resolve("qemu"), "#!/bin/sh\necho QEMU emulator version 7.2.0\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        hypervisor = QemuHypervisor.open(
                new QemuSettings(Optional.of(program), AcceleratorChoice.TCG, Duration.ofSeconds(5)), children);
        kernel = new GuestKernel(
                Files.writeString(temporary.resolve("vmlinuz"), "a kernel"),
                Files.writeString(temporary.resolve("initramfs"), "an initramfs"),
                "6.1");
    }

    @AfterEach
    void close() {
        children.close();
    }

    private Supplier<MachineIdentity> identity() {
        MachineFiles files = MachineFiles.of(kernel, hypervisor);
        VmSpec spec = VmSpec.builder().vcpus(2).memoryMib(64).build();
        return () -> MachineIdentities.of(spec, hypervisor, files, "quiet", NetworkCard.None.class, Optional.empty());
    }

    @Test
    void aMachineIsKnownByWhatItWasMadeFrom() {
        MachineIdentity machine = identity().get();
        assertThat(machine.vmmVersion()).isEqualTo("7.2.0");
        assertThat(machine.vcpus()).isEqualTo(2);
        assertThat(machine.kernel()).isNotEqualTo(machine.initramfs());
        assertThat(machine.differences(identity().get())).isEmpty();
    }

    @Test
    void whatItWasMadeFromMustNotHaveChanged() throws IOException {
        for (Path file : new Path[] {kernel.kernel(), kernel.initramfs(), program}) {
            Supplier<MachineIdentity> before = identity();
            Files.writeString(file, Files.readString(file) + " ");
            assertRefused(
                    saver(MachineMemory.unsaveable("not asked"), before),
                    file + " was changed after the VM had been started from it");
        }
    }

    @Test
    void itsMemoryMustBeWhereItCanBeSaved() throws IOException {
        assertRefused(saver(MachineMemory.unsaveable("there is no room"), identity()), "there is no room");
    }

    private Saver saver(MachineMemory memory, Supplier<MachineIdentity> identity) {
        return new Saver(
                new SnapshotPlaces(temporary.resolve("store")),
                memory,
                new DiskSaver("saved", Optional.empty(), null),
                identity,
                Runnable::run);
    }

    private void assertRefused(Saver saver, String why) throws IOException {
        // There is nothing that could be asked.
        assertThatThrownBy(() -> saver.save("golden", true, () -> {}, null, null)
                        .toCompletableFuture()
                        .join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("the VM cannot be saved as golden")
                .hasMessageContaining(why);
        assertThat(temporary.resolve("store")).doesNotExist();
    }
}
