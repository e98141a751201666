package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.machine.SavedVms.COUNTER;
import static vmette.machine.SavedVms.COUNTS;
import static vmette.machine.SavedVms.REMEMBER;
import static vmette.machine.SavedVms.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RestoreMode;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;
import vmette.snapshot.Bundle;
import vmette.snapshot.MemoryFile;

/** Real VMs that begin from one snapshot and copy what they change, are saved themselves, and leave it as it was. */
class CowIT {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    @TempDir
    private Path temporary;

    private SavedVms vms;

    @BeforeEach
    void open() throws Exception {
        vms = SavedVms.open(temporary);
    }

    @AfterEach
    void close() throws Exception {
        vms.close();
    }

    /** A snapshot of a VM whose process counts, with a word in memory. */
    private Bundle golden(String word) throws Exception {
        Machine machine = vms.booted();
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot();
        assertThat(agent.sh("echo " + word + " > /tmp/word; " + COUNTER)).isZero();
        assertThat(agent.sh(REMEMBER)).isZero();
        assertThat(machine.restoredBy()).isEmpty();
        await(machine.save("golden", true, () -> {}));
        await(machine.close());
        return vms.store().open("golden");
    }

    private static String maps(Machine machine) throws IOException {
        return Files.readString(
                Path.of("/proc", Long.toString(machine.processes().get(0)), "maps"));
    }

    /** In KiB, what nobody shares with this process. */
    private static long privateKib(Machine machine) throws IOException {
        Path rollup = Path.of("/proc", Long.toString(machine.processes().get(0)), "smaps_rollup");
        return Files.readAllLines(rollup).stream()
                .filter(line -> line.startsWith("Private_Clean:") || line.startsWith("Private_Dirty:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }

    @Test
    void aCloneIsSavedAndItsClonesGoOnInEitherMode() throws Exception {
        String word = UUID.randomUUID().toString();
        Bundle golden = golden(word);
        Machine clone = vms.restored("golden", RestoreMode.COW);
        assertThat(clone.restoredBy()).contains(RestoreMode.COW);
        assertThat(clone.setup().restored()).isTrue();
        assertThat(maps(clone)
                        .lines()
                        .filter(line -> line.endsWith(golden.memory().toString())))
                .isNotEmpty()
                .allMatch(line -> line.contains(" rw-p "));
        RawAgent agent = RawAgent.greet(clone.vsock(), 100);
        assertThat(agent.sh("test $(cat /tmp/word) = " + word)).isZero();
        assertThat(agent.sh(COUNTS)).isZero();
        assertThatThrownBy(() -> vms.store().remove("golden"))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("in use");

        assertThat(agent.sh("echo second > /tmp/word; dd if=/dev/urandom of=/tmp/much bs=1M count=24"))
                .isZero();
        assertThat(agent.sh("md5sum /tmp/much > /tmp/sum; " + REMEMBER)).isZero();
        await(clone.save("second", false, () -> {}));
        agent.awaitReset();
        RawAgent again = RawAgent.greet(clone.vsock(), 200);
        assertThat(again.sh(COUNTS)).isZero();
        assertThat(again.sh("echo later > /tmp/word; md5sum -c /tmp/sum")).isZero();
        // Only the first is left of it.
        assertThat(clone.processes()).hasSize(1);
        assertThat(ProcessHandle.current()
                        .children()
                        .filter(child -> child.info().command().orElse("").contains("qemu-system")))
                .hasSize(1);
        golden.verify();

        for (RestoreMode mode : List.of(RestoreMode.COW, RestoreMode.COPY)) {
            Machine last = vms.restored("second", mode);
            assertThat(last.restoredBy()).contains(mode);
            RawAgent lastly = RawAgent.greet(last.vsock(), 300);
            assertThat(lastly.sh("test $(cat /tmp/word) = second")).isZero();
            assertThat(lastly.sh("md5sum -c /tmp/sum")).isZero();
            assertThat(lastly.sh(COUNTS)).isZero();
            if (mode == RestoreMode.COW) {
                // A clone's clone's clone, and the machine ends.
                assertThat(lastly.sh("echo third > /tmp/word; " + REMEMBER)).isZero();
                await(last.save("third", true, () -> {}));
                assertThat(await(last.exited()).detail()).isEqualTo("ended on request");
            } else {
                // It has all that it needs of it.
                assertThat(vms.store().remove("second")).isTrue();
                assertThat(lastly.sh("md5sum -c /tmp/sum")).isZero();
            }
            await(last.close());
        }
        Machine third = vms.restored("third", RestoreMode.AUTO);
        assertThat(third.restoredBy()).contains(RestoreMode.COW);
        RawAgent thirdly = RawAgent.greet(third.vsock(), 400);
        assertThat(thirdly.sh("test $(cat /tmp/word) = third; " + COUNTS)).isZero();
        await(third.close());
        await(clone.close());
        for (String name : List.of("golden", "third")) {
            assertThat(vms.store().remove(name)).isTrue();
        }
    }

    @Test
    void whatClonesWriteIsTheirsAlone() throws Exception {
        Bundle golden = golden("ours");
        List<Machine> clones = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            clones.add(vms.restored("golden", RestoreMode.COW));
        }
        for (Machine clone : clones) {
            RawAgent agent = RawAgent.greet(clone.vsock(), 100);
            assertThat(agent.sh("test $(cat /tmp/word) = ours")).isZero();
            assertThat(agent.sh("echo theirs > /tmp/word; dd if=/dev/urandom of=/tmp/waste bs=1M count=48"))
                    .isZero();
            assertThat(agent.sh(COUNTS)).isZero();
        }
        golden.verify();
        assertThat(vms.store().names()).containsExactly("golden");
        Machine fresh = vms.restored("golden", RestoreMode.COW);
        assertThat(RawAgent.greet(fresh.vsock(), 100).sh("test $(cat /tmp/word) = ours && test ! -e /tmp/waste"))
                .isZero();
        // The last one's end lets go of it.
        await(fresh.close());
        for (Machine clone : clones) {
            assertThatThrownBy(() -> vms.store().remove("golden")).hasMessageContaining("in use");
            await(clone.close());
        }
        assertThat(vms.store().remove("golden")).isTrue();
    }

    @Test
    void idleClonesShareMostOfTheirMemory() throws Exception {
        Machine machine = vms.booted();
        RawAgent booting = RawAgent.greet(machine.vsock(), 0);
        booting.boot();
        assertThat(booting.sh("true")).isZero();
        await(machine.save("idle", true, () -> {}));
        await(machine.close());
        List<Machine> clones = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Machine clone = vms.restored("idle", RestoreMode.COW);
            clones.add(clone);
            assertThat(RawAgent.greet(clone.vsock(), 100).sh("true")).isZero();
        }
        for (Machine clone : clones) {
            long kib = privateKib(clone);
            System.out.println("private memory of an idle clone after its first command: " + kib + " KiB");
            // Its guest alone has more than that resident.
            assertThat(kib).isLessThan(80 << 10);
        }
        for (Machine clone : clones) {
            await(clone.close());
        }
    }

    @Test
    void aDamagedSnapshotIsRefusedAndLetGoOf() throws Exception {
        Bundle golden = golden("ours");
        try (var memory = java.nio.channels.FileChannel.open(golden.memory(), java.nio.file.StandardOpenOption.WRITE)) {
            memory.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}), 50 << 20);
        }
        assertThatThrownBy(() -> vms.restored("golden", RestoreMode.COW))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("memory differs from its checksum in MiB 50");
        assertThat(vms.store().remove("golden")).isTrue();
    }

    @Test
    void whereThereIsNoRoomVmsRunAndAreNotSaved() throws Exception {
        golden("ours");
        Machine clone = vms.restored("golden", RestoreMode.COW);
        RawAgent agent = RawAgent.greet(clone.vsock(), 100);
        try (Hogs hogs = new Hogs(temporary)) {
            hogs.fill();
            assertThatThrownBy(() -> await(clone.save("second", true, () -> {})))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("the VM cannot be saved as second")
                    .hasMessageContaining("there is no room for its 160 MiB of memory")
                    .hasMessageContaining(SHARED_MEMORY + " has ");
            // It was not even stopped for that.
            assertThat(agent.sh(COUNTS)).isZero();
            await(clone.close());

            hogs.fill();
            Machine booted = vms.booted();
            RawAgent unsaveable = RawAgent.greet(booted.vsock(), 0);
            unsaveable.boot();
            assertThatThrownBy(() -> await(booted.save("second", true, () -> {})))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("there is no room for its 160 MiB of memory");
            assertThat(unsaveable.sh("true")).isZero();
            await(booted.close());

            hogs.fill();
            assertThatThrownBy(() -> vms.restored("golden", RestoreMode.COPY))
                    .isInstanceOf(StartFailedException.class)
                    .hasMessageContaining("no room");
        }
        assertThat(vms.store().names()).containsExactly("golden");
        assertThat(vms.store().remove("golden")).isTrue();
    }

    /** Takes all the room that there is, by files that are empty: what they may still take is kept for them. */
    private static final class Hogs implements AutoCloseable {
        private static final long LEFT = 16 << 20;

        private final RuntimeDirectory runtime;
        private final List<MemoryFile> files = new ArrayList<>();

        Hogs(Path directory) {
            runtime = RuntimeDirectory.open(directory.toString());
        }

        /** What others have given back since the last time is taken as well. */
        void fill() throws IOException {
            for (long bytes = Files.getFileStore(SHARED_MEMORY).getUsableSpace(); bytes > LEFT; bytes /= 2) {
                try {
                    while (true) {
                        files.add(MemoryFile.create("hog", SHARED_MEMORY, bytes, runtime.journal()));
                    }
                } catch (StartFailedException full) {
                    // Of that size; a smaller one may find room.
                }
            }
        }

        @Override
        public void close() {
            files.forEach(MemoryFile::close);
            runtime.close();
        }
    }
}
