package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import vmette.config.RuntimeSettings;
import vmette.errors.VmetteException;

/** What tests of failures do to real VMs, from outside and from within. */
final class Faults {
    private Faults() {}

    static RuntimeSettings settings(String hocon) {
        return RuntimeSettings.from(ConfigFactory.parseString(hocon).withFallback(ConfigFactory.load()));
    }

    /** The QEMU of a VM of this process. */
    static ProcessHandle emulator(VmHandle vm) {
        List<ProcessHandle> emulators = emulators(vm);
        assertThat(emulators).as("the emulator of %s", vm.name()).hasSize(1);
        return emulators.get(0);
    }

    /** The same, if there is one just now. */
    static List<ProcessHandle> emulators(VmHandle vm) {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> arguments(process.pid()).contains("guest=" + vm.name()))
                .toList();
    }

    /** The arguments of a process, the program first; empty if it is gone. */
    static List<String> arguments(long pid) {
        try {
            return List.of(
                    Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1)
                            .split("\0", 0));
        } catch (IOException gone) {
            return List.of();
        }
    }

    /** Sends a signal, such as KILL or STOP. */
    static void signal(ProcessHandle process, String name) {
        try {
            assertThat(new ProcessBuilder("/bin/sh", "-c", "kill -" + name + " " + process.pid())
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Has the guest's kernel panic. */
    static void panic(VmHandle vm) {
        vm.exec("echo c > /proc/sysrq-trigger; sleep 1000");
    }

    /** Waits until an incarnation after that one answers. */
    static void awaitIncarnationAfter(long former, VmHandle vm) {
        until(vm.name() + " to be ready after its incarnation " + former, () -> {
            assertThat(vm.ended().toCompletableFuture())
                    .as("the end of %s", vm.name())
                    .isNotDone();
            return vm.incarnation() > former && answers(vm);
        });
    }

    /** Whether the agent of the VM gives a sign of life. */
    static boolean answers(VmHandle vm) {
        try {
            Guests.await(vm.ping());
            return true;
        } catch (VmetteException notNow) {
            return false;
        }
    }

    static void until(String what, BooleanSupplier condition) {
        until(what, condition, Duration.ZERO);
    }

    /** @param what is asked when it was waited for in vain */
    static void until(Supplier<String> what, BooleanSupplier condition) {
        until(what, condition, Duration.ZERO);
    }

    /** @param more than the usual deadline */
    static void until(String what, BooleanSupplier condition, Duration more) {
        until(() -> what, condition, more);
    }

    private static void until(Supplier<String> what, BooleanSupplier condition, Duration more) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS) + more.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(() -> "waiting for " + what.get()).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }
}
