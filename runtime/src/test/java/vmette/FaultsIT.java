package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.Done;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.Materializer;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.machine.OtherInits;
import vmette.machine.QemuMachines;

/** One real VM that survives every kind of fault; each is told with its cause. Silence and health checks are {@link LivenessIT}'s. */
class FaultsIT {
    @TempDir
    private static Path shared;

    private static final List<VmFailure> FAILURES = new CopyOnWriteArrayList<>();

    private static Vmette vmette;
    private static QemuMachines machines;
    private static VmHandle vm;

    private long before;

    @BeforeAll
    static void boot() {
        RuntimeSettings settings = Faults.settings("vmette { recovery { mode = transient, max-restarts = 30,"
                + " backoff { min = 100ms, max = 200ms } }, vsock.loops = 1,"
                + " liveness { interval = 500ms, stopped-after = 500ms, hung-after = 10m, dead-after = 10m } }");
        machines = OtherInits.create(settings);
        vmette = Vmette.create(settings, machines, event -> {
            if (event instanceof VmEvent.Failed failed) {
                FAILURES.add(failed.failure());
            }
        });
        vm = await(vmette.launch(
                VmSpec.builder().memoryMib(192).share("work", shared).build()));
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    @BeforeEach
    void forget() {
        before = vm.incarnation();
        FAILURES.clear();
    }

    /** The fault ends the incarnation, another comes up, and that was why. */
    private VmFailure recoveredAfter(Runnable fault) {
        fault.run();
        Faults.awaitIncarnationAfter(before, vm);
        assertThat(FAILURES).as("failures told").hasSize(1);
        VmFailure failure = FAILURES.get(0);
        assertThat(failure.incarnation()).isEqualTo(before);
        assertThat(failure.next().orElseThrow().text()).doesNotContain("given up");
        assertThat(Guests.out(vmette, vm, "echo > /mnt/work/written; echo works"))
                .isEqualTo("works\n");
        return failure;
    }

    @Test
    void aKilledEmulator() {
        assertThat(recoveredAfter(() -> Faults.signal(Faults.emulator(vm), "KILL"))
                        .word())
                .isEqualTo("VmmExit(9)");
    }

    @Test
    void anEmulatorThatCrashes() {
        assertThat(recoveredAfter(() -> Faults.signal(Faults.emulator(vm), "SEGV"))
                        .word())
                .isEqualTo("VmmExit(11)");
    }

    @Test
    void aStoppedEmulator() {
        ProcessHandle emulator = Faults.emulator(vm);
        assertThat(recoveredAfter(() -> Faults.signal(emulator, "STOP")).cause())
                .isEqualTo(new VmFailure.Stopped(emulator.pid()));
    }

    @Test
    void aGuestWhoseKernelPanics() {
        VmFailure failure = recoveredAfter(() -> Faults.panic(vm));
        assertThat(failure.word()).isEqualTo("GuestPanic");
        assertThat(failure.cause().text()).contains("sysrq triggered crash");
        assertThat(failure.console()).anyMatch(line -> line.contains("Kernel panic"));
    }

    /** Its code is overwritten under it, which only root can do: signals do not reach a PID 1. */
    @Test
    void anAgentThatCrashes() {
        String crash = "set -- $(grep r-xp /proc/1/maps | head -n 1 | tr - ' ');"
                + " dd if=/dev/zero of=/proc/1/mem bs=4096 conv=notrunc seek=$((0x$1 / 4096)) count=$(((0x$2 - 0x$1) / 4096))";
        VmFailure failure = recoveredAfter(() -> vm.exec(crash));
        assertThat(failure.word()).isEqualTo("GuestPanic(panic, agent died)");
    }

    @Test
    void aHelperThatIsKilled() {
        List<ProcessHandle> daemons = ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").endsWith("virtiofsd"))
                .toList();
        assertThat(daemons).isNotEmpty();
        VmFailure failure = recoveredAfter(() -> daemons.forEach(daemon -> Faults.signal(daemon, "KILL")));
        assertThat(failure.cause()).isInstanceOf(VmFailure.HelperLost.class);
        assertThat(failure.cause().text()).contains("virtiofsd");
    }

    /** The VMs of a device loop that fails are recovered on another; there is one loop here. */
    @Test
    void aDeviceLoopThatFails() {
        VmFailure failure =
                recoveredAfter(() -> OtherInits.failLoop(machines, new StackOverflowError("injected by a test")));
        assertThat(failure.word()).isEqualTo("DeviceBroken");
        assertThat(failure.cause().text())
                .contains("the device loop failed: java.lang.StackOverflowError: injected by a test");
    }

    // ---- clients

    private void endsWith(Consumer<Execution> client) {
        Execution command = vm.exec("sleep 100000 & echo $!; wait");
        int pid = await(command.started());
        client.accept(command);
        ExitStatus status = await(command.status());
        assertThat(status).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 15));
        assertThat(Guests.sh(vmette, vm, "test ! -e /proc/" + pid).status().code())
                .isZero();
    }

    @Test
    void aClientThatStopsTakesItsCommandWithIt() {
        endsWith(command -> {
            ActorRef<String> client = vmette.system()
                    .systemActorOf(Behaviors.receiveMessage(word -> Behaviors.stopped()), "client", Props.empty());
            command.cancelWith(client);
            client.tell("stop");
        });
    }

    @Test
    void aMaterializerThatIsShutDownTakesTheCommandsOfItsStreamsWithIt() {
        endsWith(command -> {
            CompletableFuture<Done> flows = new CompletableFuture<>();
            Materializer materializer = Materializer.createMaterializer(vmette.system());
            command.cancelWith(command.stdout()
                    .watchTermination(Keep.right())
                    .to(Sink.foreach(bytes -> flows.complete(Done.getInstance())))
                    .run(materializer));
            await(flows);
            materializer.shutdown();
        });
    }

    /** However early: an output that was about to be read does not hold the outcome back. */
    @Test
    void evenBeforeTheyRun() {
        endsWith(command -> {
            Materializer materializer = Materializer.createMaterializer(vmette.system());
            command.cancelWith(command.stdout()
                    .watchTermination(Keep.right())
                    .to(Sink.ignore())
                    .run(materializer));
            materializer.shutdown();
        });
    }
}
