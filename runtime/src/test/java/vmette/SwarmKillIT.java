package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.machine.OtherInits;

/**
 * Eight VMs that are killed again and again, in any order and however many of them at once: each failure is told once, with its cause, and nothing
 * is left of it. {@code -Dvmette.full=true}: 200 times; else a few.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class SwarmKillIT {
    private static final int VMS = 8;
    private static final int KILLS = Boolean.getBoolean("vmette.full") ? 200 : 10;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private final List<VmFailure> failures = new CopyOnWriteArrayList<>();
    private final List<VmHandle> vms = new ArrayList<>();
    // What was done to which incarnation of which VM.
    private final Map<String, Map<Long, Fault>> done = new HashMap<>();
    private Path runtimeDir;
    private Vmette vmette;

    private enum Fault {
        KILL {
            @Override
            boolean explains(VmFailure failure) {
                return failure.word().equals("VmmExit(9)");
            }
        },
        /** While its guest boots, or before QEMU is that far. */
        KILL_EARLY {
            @Override
            boolean explains(VmFailure failure) {
                return failure.word().equals("VmmExit(9)")
                        || (failure.cause() instanceof VmFailure.NotStarted
                                && failure.cause().text().contains("signal 9"));
            }
        },
        STOP {
            @Override
            boolean explains(VmFailure failure) {
                return failure.cause() instanceof VmFailure.Stopped;
            }
        },
        PANIC {
            @Override
            boolean explains(VmFailure failure) {
                return failure.cause() instanceof VmFailure.GuestPanic panic && !panic.agentDied();
            }
        };

        abstract boolean explains(VmFailure failure);
    }

    @BeforeEach
    void boot() throws IOException {
        runtimeDir = Files.createTempDirectory("vmt");
        RuntimeSettings settings = Faults.settings("vmette { runtime-dir = \"" + runtimeDir + "\","
                + " recovery { mode = transient, max-restarts = 100, within = 1h, backoff { min = 100ms, max = 200ms } },"
                + " boot.deadline = 4m,"
                + " liveness { interval = 500ms, stopped-after = 500ms, hung-after = 2m, dead-after = 2m } }");
        vmette = Vmette.create(settings, OtherInits.create(settings), event -> {
            if (event instanceof VmEvent.Failed failed) {
                failures.add(failed.failure());
            }
        });
        List<CompletionStage<VmHandle>> launches = new ArrayList<>();
        for (int i = 0; i < VMS; i++) {
            launches.add(vmette.launch(
                    VmSpec.builder().name("swarm-" + i).memoryMib(96).build()));
        }
        launches.forEach(launch -> vms.add(await(launch)));
        vms.forEach(vm -> done.put(vm.name(), new TreeMap<>()));
    }

    @AfterEach
    void close() {
        vmette.close();
        assertThat(Traces.processes(runtimeDir)).isEmpty();
        assertThat(Traces.list(runtimeDir)).allMatch(Files::isDirectory);
        Traces.remove(runtimeDir);
    }

    @Test
    void eachKillIsOneFailureWithItsCauseAndEveryVmComesBack() {
        // Every part has been used once before anything is counted.
        vms.forEach(vm -> assertThat(Guests.out(vmette, vm, "echo alive")).isEqualTo("alive\n"));
        Traces before = Traces.of(runtimeDir);
        long begun = System.nanoTime();
        for (int kills = 0; kills < KILLS; ) {
            VmHandle vm = vms.get(random.nextInt(VMS));
            if (hit(vm)) {
                kills++;
            } else {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
        for (VmHandle vm : vms) {
            long last = done.get(vm.name()).keySet().stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElse(0);
            Faults.awaitIncarnationAfter(last, vm);
            assertThat(Guests.out(vmette, vm, "echo alive")).isEqualTo("alive\n");
        }
        System.out.printf(
                "%d kills of %d VMs in %d s, seed %d: %s%n",
                KILLS, VMS, Duration.ofNanos(System.nanoTime() - begun).toSeconds(), seed, words());
        assertExplained();
        before.assertNoMoreIn(runtimeDir);
    }

    private Map<String, Integer> words() {
        Map<String, Integer> words = new TreeMap<>();
        failures.forEach(failure -> words.merge(failure.word(), 1, Integer::sum));
        return words;
    }

    private void assertExplained() {
        for (VmFailure failure : failures) {
            Fault fault = done.get(failure.vm()).get(failure.incarnation());
            assertThat(fault)
                    .as("seed %d, nobody did: %s", seed, failure.line())
                    .isNotNull();
            assertThat(fault.explains(failure))
                    .as("seed %d, after %s: %s", seed, fault, failure.line())
                    .isTrue();
        }
        assertThat(failures.stream().map(failure -> failure.vm() + "/" + failure.incarnation()))
                .doesNotHaveDuplicates()
                .hasSize(KILLS);
        vms.forEach(vm -> assertThat(vm.incarnation())
                .as(vm.name())
                .isEqualTo(1 + done.get(vm.name()).size()));
    }

    /** One fault for each incarnation; one that is not there to be hit yet is left alone. */
    private boolean hit(VmHandle vm) {
        Map<Long, Fault> hits = done.get(vm.name());
        long incarnation = vm.incarnation();
        if (hits.containsKey(incarnation)) {
            return false;
        }
        // Seldom: most of the time it is a booting one that is looked at.
        if (random.nextInt(200) == 0) {
            return hitEarly(vm, incarnation, hits);
        }
        if (!Faults.answers(vm) || vm.incarnation() != incarnation) {
            return false;
        }
        int dice = random.nextInt(100);
        Fault fault = dice < 70 ? Fault.KILL : dice < 85 ? Fault.STOP : Fault.PANIC;
        hits.put(incarnation, fault);
        switch (fault) {
            case KILL, STOP -> Faults.signal(Faults.emulator(vm), fault.name());
            case PANIC -> Faults.panic(vm);
            case KILL_EARLY -> throw new AssertionError();
        }
        return true;
    }

    /** The former incarnation's processes are gone before a number goes up: a process found between two equal ones is that one's. */
    private boolean hitEarly(VmHandle vm, long incarnation, Map<Long, Fault> hits) {
        List<ProcessHandle> found = Faults.emulators(vm);
        if (incarnation == 1 || found.size() != 1 || vm.incarnation() != incarnation || Faults.answers(vm)) {
            return false;
        }
        hits.put(incarnation, Fault.KILL_EARLY);
        Faults.signal(found.get(0), "KILL");
        return true;
    }
}
