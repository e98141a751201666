package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RestoreMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.process.Executables;
import vmette.rootfs.RootfsProgress;
import vmette.snapshot.BundleStore;
import vmette.snapshot.DiskFile;
import vmette.snapshot.Stores;

/** Files on a VM's scratch are saved with it, and each clone goes on with its own. */
class SavedScratchIT {
    private static final long DEADLINE_SECONDS = 240;
    private static final VmSpec SPEC =
            VmSpec.builder().memoryMib(160).scratchMib(512).build();

    @TempDir
    private Path temporary;

    private QemuMachines machines;
    private BundleStore store;
    private Path runtimes;
    private RuntimeSettings settings;
    private Path scratches;
    private List<Path> before;

    @BeforeEach
    void open() throws Exception {
        store = BundleStore.open(temporary.resolve("snapshots"));
        runtimes = Files.createTempDirectory(Path.of("/dev/shm"), "snap");
        Config config = ConfigFactory.parseString("vmette.runtime-dir = \"" + runtimes + "\"")
                .withFallback(ConfigFactory.load());
        settings = RuntimeSettings.from(config);
        scratches = settings.cacheDir().resolve("scratch");
        before = scratches();
        machines = new QemuMachines(settings, RootfsProgress.NONE, List::of);
        machines.keepSnapshotsIn(store);
    }

    private List<Path> scratches() throws Exception {
        if (!Files.isDirectory(scratches)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(scratches)) {
            return files.toList();
        }
    }

    @AfterEach
    void close() throws Exception {
        machines.close();
        try (Stream<Path> left = Files.walk(runtimes)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        for (Path each : List.of(runtimes.resolve("vmette-" + Files.getAttribute(runtimes, "unix:uid")), runtimes)) {
            Files.deleteIfExists(each);
        }
        assertThat(store.root().toFile().list()).allMatch(name -> !name.startsWith("."));
        assertThat(scratches())
                .filteredOn(file -> file.toString().endsWith(".disk"))
                .isSubsetOf(before);
        for (String name : store.names()) {
            store.open(name).verify();
        }
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new CompletionException(e.getCause());
        }
    }

    private Machine restored(String snapshot) throws Exception {
        Machine machine = await(machines.restore(SPEC, "restored", snapshot, vsock -> {}));
        await(machine.started());
        return machine;
    }

    private static void sh(RawAgent agent, String commandLine) throws Exception {
        assertThat(agent.sh(commandLine)).as(commandLine).isZero();
    }

    /** How many files the disk has in a bundle; all that is told of it is right. */
    private int links(String snapshot) {
        List<DiskFile> files = store.open(snapshot).manifest().disks();
        assertThat(files).extracting(DiskFile::device).containsOnly(StorageParts.SCRATCH);
        store.open(snapshot).verify();
        return files.size();
    }

    @Test
    void aScratchIsSavedAndGoesItsOwnWays() throws Exception {
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot(machine.setup().frames());
        sh(agent, "grep -q ' /tmp ext4' /proc/mounts");
        sh(
                agent,
                "echo before > /tmp/word; dd if=/dev/urandom of=/tmp/big bs=1M count=8; md5sum /tmp/big > /tmp/sum; sync");
        // Not all of it is on the disk yet: memory and disk have to be of one instant.
        sh(agent, "echo unsynced > /tmp/late");
        await(machine.save("first", false, () -> {}));
        RawAgent again = RawAgent.greet(machine.vsock(), 100);
        sh(again, "md5sum -c /tmp/sum && echo after > /tmp/word && rm /tmp/big && sync");
        await(machine.save("second", false, () -> {}));
        assertThat(links("first")).isEqualTo(1);
        assertThat(links("second")).isEqualTo(2);
        RawAgent third = RawAgent.greet(machine.vsock(), 200);
        sh(third, "test $(cat /tmp/word) = after && test ! -e /tmp/big && echo last > /tmp/word && sync");

        // The one that they come from still runs.
        List<Machine> clones = List.of(restored("first"), restored("first"));
        List<RawAgent> agents = new ArrayList<>();
        for (Machine clone : clones) {
            agents.add(RawAgent.greet(clone.vsock(), 100));
            RawAgent last = agents.get(agents.size() - 1);
            sh(last, "test $(cat /tmp/word) = before && test $(cat /tmp/late) = unsynced && md5sum -c /tmp/sum");
            sh(last, "echo " + agents.size() + " > /tmp/mine && sync && echo 3 > /proc/sys/vm/drop_caches");
        }
        for (int i = 0; i < clones.size(); i++) {
            sh(agents.get(i), "test $(cat /tmp/mine) = " + (i + 1) + " && md5sum -c /tmp/sum");
            await(clones.get(i).close());
        }
        await(machine.close());
        Machine other = restored("second");
        sh(RawAgent.greet(other.vsock(), 200), "test $(cat /tmp/word) = after && test ! -e /tmp/big");
        await(other.close());
    }

    @Test
    void clonesOfClonesAreOneFileAgainInTime() throws Exception {
        assumeTrue(Executables.find("qemu-img").isPresent(), "there is no qemu-img");
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot(machine.setup().frames());
        sh(agent, "dd if=/dev/urandom of=/tmp/big bs=1M count=8; md5sum /tmp/big > /tmp/sum");
        await(machine.save("s1", true, () -> {}));
        await(machine.close());
        for (int i = 1; i < 6; i++) {
            // What a copy goes on from is not needed any more; a private mapping's memory is.
            boolean copy = i % 2 == 0;
            machines.restoreBy(copy ? RestoreMode.COPY : RestoreMode.COW);
            Machine clone = restored("s" + i);
            if (copy) {
                assertThat(store.remove("s" + i)).isTrue();
            }
            RawAgent cloned = RawAgent.greet(clone.vsock(), 100L * i);
            sh(cloned, "echo 3 > /proc/sys/vm/drop_caches; md5sum -c /tmp/sum");
            sh(cloned, "for i in $(seq " + (i - 1) + "); do test $(cat /tmp/word$i) = $i || exit 1; done");
            sh(cloned, "echo " + i + " > /tmp/word" + i);
            await(clone.save("s" + (i + 1), copy, () -> {}));
            await(clone.close());
            if (!copy) {
                assertThat(store.remove("s" + i)).isTrue();
            }
            assertThat(links("s" + (i + 1))).isEqualTo(i < 4 ? i + 1 : i - 3);
        }
        assertThat(store.names()).containsExactly("s6");
        Machine last = restored("s6");
        sh(
                RawAgent.greet(last.vsock(), 1000),
                "echo 3 > /proc/sys/vm/drop_caches; md5sum -c /tmp/sum && test $(cat /tmp/word5) = 5");
        await(last.close());
    }

    /** Those of disks that its monitor has open. */
    private static long openDisks(Machine machine) throws Exception {
        Set<Path> open = new HashSet<>();
        for (long pid : machine.processes()) {
            try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
                for (Path link : links.toList()) {
                    Path target = Files.readSymbolicLink(link);
                    if (target.toString().contains(".disk")) {
                        open.add(target);
                    }
                }
            }
        }
        return open.size();
    }

    @Test
    void oneThatIsSavedOftenLetsGoOfOldFiles() throws Exception {
        assumeTrue(Executables.find("qemu-img").isPresent(), "there is no qemu-img");
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot(machine.setup().frames());
        for (int i = 1; i <= 10; i++) {
            sh(
                    agent,
                    "echo " + i + " > /tmp/word" + i + "; dd if=/dev/urandom of=/tmp/big" + (i % 3)
                            + " bs=1M count=2; sync");
            sh(agent, "cat /tmp/big* | md5sum > /tmp/sum; sync; echo 3 > /proc/sys/vm/drop_caches");
            await(machine.save("s" + i, false, () -> {}));
            assertThat(links("s" + i)).isEqualTo(i < 5 ? i : (i - 5) % 4 + 1);
            assertThat(openDisks(machine)).as("after " + i).isLessThanOrEqualTo(6);
            agent = RawAgent.greet(machine.vsock(), 100L * i);
            sh(agent, "echo 3 > /proc/sys/vm/drop_caches; cat /tmp/big* | md5sum | cmp - /tmp/sum");
        }
        await(machine.close());
        for (int i : new int[] {4, 5, 10}) {
            Machine clone = restored("s" + i);
            RawAgent cloned = RawAgent.greet(clone.vsock(), 2000);
            sh(cloned, "test $(cat /tmp/word" + i + ") = " + i + " && test ! -e /tmp/word" + (i + 1));
            sh(cloned, "echo 3 > /proc/sys/vm/drop_caches; cat /tmp/big* | md5sum | cmp - /tmp/sum");
            await(clone.close());
        }
    }

    @Test
    void withoutRoomForItTheGuestIsNotEvenStopped() throws Exception {
        // A link needs no room, and there is none from one file system to another.
        Path elsewhere = Files.createTempDirectory(Path.of("/dev/shm"), "store");
        try {
            machines.keepSnapshotsIn(Stores.open(elsewhere, directory -> 300L << 20));
            Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
            await(machine.started());
            RawAgent agent = RawAgent.greet(machine.vsock(), 0);
            agent.boot(machine.setup().frames());
            sh(
                    agent,
                    "for i in $(seq 8); do dd if=/dev/urandom of=/tmp/big$i bs=1M count=40 && sync && echo 3 > /proc/sys/vm/drop_caches; done");
            assertThatThrownBy(() -> await(machine.save("large", false, () -> {})))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("has room for 300");
            // Its connection would have been reset.
            sh(agent, "rm /tmp/big[2-8]; sync");
            await(machine.close());
            assertThat(elsewhere).isEmptyDirectory();
        } finally {
            Files.delete(elsewhere);
        }
    }

    @Test
    void aDiskOfTheUsersIsNotSaved() throws Exception {
        Path disk = Files.write(temporary.resolve("disk.img"), new byte[1 << 20]);
        VmSpec spec = VmSpec.builder().memoryMib(96).scratchMib(64).disk(disk).build();
        Machine machine = await(machines.begin(spec, "saved", vsock -> {}));
        await(machine.started());
        assertThatThrownBy(() -> await(machine.save("one", false, () -> {})))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("the writable disk " + disk);
        await(machine.close());
    }

    @Test
    void aSaveThatFailsLateCostsNoByte() throws Exception {
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot(machine.setup().frames());
        sh(agent, "echo before > /tmp/word; sync");
        // Both begin, one after the other goes on, and the name is given once.
        List<CompletionStage<SaveReport>> saves =
                List.of(machine.save("one", false, () -> {}), machine.save("one", false, () -> {}));
        int failed = 0;
        for (CompletionStage<SaveReport> save : saves) {
            try {
                await(save);
            } catch (SaveFailedException e) {
                assertThat(e).hasMessageContaining("already");
                failed++;
            }
        }
        assertThat(failed).isEqualTo(1);
        RawAgent again = RawAgent.greet(machine.vsock(), 100);
        sh(again, "test $(cat /tmp/word) = before && echo after > /tmp/word && sync");
        await(machine.save("two", true, () -> {}));
        await(machine.close());
        assertThat(links("two")).isBetween(2, 3);
        for (String name : List.of("one", "two")) {
            Machine clone = restored(name);
            sh(
                    RawAgent.greet(clone.vsock(), 200),
                    "echo 3 > /proc/sys/vm/drop_caches; test $(cat /tmp/word) = "
                            + (name.equals("one") ? "before" : "after"));
            await(clone.close());
        }
    }

    @Test
    void anotherScratchIsRefused() throws Exception {
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot(machine.setup().frames());
        await(machine.save("one", true, () -> {}));
        await(machine.close());
        VmSpec without = VmSpec.builder().memoryMib(160).build();
        assertThatThrownBy(() -> await(machines.restore(without, "other", "one", vsock -> {})))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("disk 1 was vmette-scratch of 512 MiB and is not set");
        VmSpec larger = VmSpec.builder().memoryMib(160).scratchMib(1024).build();
        assertThatThrownBy(() -> await(machines.restore(larger, "other", "one", vsock -> {})))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("bytes instead of");
    }
}
