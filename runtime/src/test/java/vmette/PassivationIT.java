package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.out;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.events.VmState;
import vmette.machine.QemuMachines;
import vmette.rootfs.RootfsProgress;

/** A real VM that nobody uses is saved, and nothing of it runs; whoever wants it finds it where it was. */
class PassivationIT {
    private static final int TCP = 6000;
    private static final int VSOCK = 6001;
    private static final long AWAY_SECONDS = 3;

    @TempDir
    private Path temporary;

    private final BlockingQueue<VmEvent> events = new LinkedBlockingQueue<>();
    private Vmette vmette;
    private VmHandle vm;

    @BeforeEach
    void boot() {
        RuntimeSettings settings =
                RuntimeSettings.from(ConfigFactory.parseString("vmette.snapshot.dir = \"" + temporary + "/snapshots\"")
                        .withFallback(ConfigFactory.load()));
        vmette = Vmette.create(
                settings,
                new QemuMachines(settings, RootfsProgress.NONE, () -> RootfsProviders.all(settings)),
                events::add);
        vm = await(vmette.launch(VmSpec.builder()
                .name("sleeper")
                .memoryMib(160)
                .publish(0, TCP)
                .snapshots(SnapshotSpec.builder()
                        .passivateAfter(Duration.ofSeconds(2))
                        .build())
                .build()));
        await(vm.ready());
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    private <E extends VmEvent> E next(Class<E> kind) throws InterruptedException {
        for (; ; ) {
            VmEvent event = events.poll(Guests.DEADLINE_SECONDS, TimeUnit.SECONDS);
            assertThat(event).as("an event " + kind.getSimpleName()).isNotNull();
            if (kind.isInstance(event)) {
                return kind.cast(event);
            }
        }
    }

    private VmEvent.Passivated passive() throws InterruptedException {
        Faults.until(
                "it to be passive", () -> vmette.vms().stream().anyMatch(status -> status.state() == VmState.PASSIVE));
        VmEvent.Passivated passive = next(VmEvent.Passivated.class);
        // On a busy host it may have been so between two commands.
        while (passive.incarnation() < vm.incarnation()) {
            passive = next(VmEvent.Passivated.class);
        }
        assertThat(Faults.emulators(vm)).isEmpty();
        assertThat(vmette.vms()).singleElement().satisfies(status -> assertThat(status.state())
                .isEqualTo(VmState.PASSIVE));
        assertThat(vmette.admission().memoryMib()).isZero();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
        return passive;
    }

    @Test
    void aCommandFindsItWhereItWas() throws InterruptedException {
        // Of the guest's own, not a command of ours: what it has counted is in its memory only.
        out(
                vmette,
                vm,
                "setsid sh -c 'i=0; while :; do i=$((i+1)); echo $i > /tmp/count.new; mv /tmp/count.new /tmp/count;"
                        + " sleep 0.1; done' < /dev/null > /dev/null 2>&1 & echo kept > /tmp/word; sleep 1");
        Guests.uploadProbe(vmette, vm);
        out(
                vmette,
                vm,
                "setsid /tmp/vsock-probe tell " + VSOCK + " /run/vmette/instance-id < /dev/null > /tmp/says 2>&1 &"
                        + " until grep -q listening /tmp/says; do sleep 0.1; done");
        String former = out(vmette, vm, "cat /run/vmette/instance-id");
        long before = Long.parseLong(out(vmette, vm, "cat /tmp/count").strip());
        // It has no connection, and is a use of the VM all the same: it would be lost.
        DetachedExecution running = vm.start(ExecSpec.shell("sleep 4").detached(ExecSpec.WhenFull.OVERWRITE));
        assertThat(await(running.status()).isSuccess()).isTrue();
        VmEvent.Passivated passive = passive();
        assertThat(passive.report().memoryBytes()).isPositive();
        Faults.until("it was away for a while", () -> Instant.now()
                .isAfter(passive.at().plusSeconds(AWAY_SECONDS)));

        Instant asked = Instant.now();
        String[] said =
                out(vmette, vm, "date +%s; cat /tmp/word; cat /tmp/count").split("\n", -1);
        assertThat(Long.parseLong(said[0]))
                .isBetween(asked.getEpochSecond() - 1, Instant.now().getEpochSecond() + 1);
        assertThat(said[1]).isEqualTo("kept");
        long after = Long.parseLong(said[2]);
        assertThat(after).isGreaterThan(before);
        Faults.until(
                "it counts on",
                () -> Long.parseLong(out(vmette, vm, "cat /tmp/count").strip()) > after);
        VmEvent.Woken woken = next(VmEvent.Woken.class);
        assertThat(woken.by()).isEqualTo("a command");
        assertThat(woken.incarnation()).isEqualTo(passive.incarnation() + 1);
        assertThat(woken.passive()).isGreaterThan(Duration.ofSeconds(AWAY_SECONDS - 1));
        assertThat(vm.incarnation()).isEqualTo(woken.incarnation());

        // As often as you like, and nothing is left of the former snapshots.
        passive();
        String told = await(Guests.text(
                vmette,
                Source.<ByteString>maybe()
                        .via(vm.vsock().connect(VSOCK, Duration.ofSeconds(Guests.DEADLINE_SECONDS), true))));
        assertThat(next(VmEvent.Woken.class).by()).isEqualTo("a connection to its vsock port " + VSOCK);
        // Nothing gets in before the guest is another.
        assertThat(out(vmette, vm, "cat /run/vmette/instance-id"))
                .isEqualTo(told)
                .isNotEqualTo(former);
        assertThat(out(vmette, vm, "cat /tmp/word")).isEqualTo("kept\n");
        await(vm.stop());
        vmette.close();
        assertThat(temporary.resolve("snapshots")).isEmptyDirectory();
    }

    @Test
    void aConnectionToAPublishedPortWakesIt() throws InterruptedException, IOException {
        Guests.upload(vmette, vm, "tcp-probe");
        // It serves as a process of the guest's own.
        out(
                vmette,
                vm,
                "setsid /tmp/tcp-probe echo " + TCP + " < /dev/null > /tmp/says 2>&1 &"
                        + " until grep -q listening /tmp/says; do sleep 0.1; done");
        int port = vm.published().get(0).hostPort();
        passive();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(Guests.DEADLINE_SECONDS));
            socket.getOutputStream().write("over TCP".getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(8)).asString().isEqualTo("over TCP");
            assertThat(next(VmEvent.Woken.class).by()).isEqualTo("a connection to port " + TCP);
            // As long as it is open it is used.
            Instant until = Instant.now().plusSeconds(2 * AWAY_SECONDS);
            Faults.until("it was idle for long", () -> Instant.now().isAfter(until));
            assertThat(Faults.emulators(vm)).hasSize(1);
            socket.getOutputStream().write("still up".getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(8)).asString().isEqualTo("still up");
        }
        passive();
    }

    @Test
    void aPassiveVmThatIsStoppedLeavesNothing() throws InterruptedException {
        VmEvent.Passivated passive = passive();
        assertThat(Path.of(passive.report().snapshot())).isDirectory();
        assertThat(await(vm.stop()).how()).isEqualTo(VmEnd.How.STOPPED);
        Faults.until(
                "its snapshot to go",
                () -> !Path.of(passive.report().snapshot()).toFile().exists());
        assertThat(Faults.emulators(vm)).isEmpty();
    }

    @Test
    void oneThatCannotBeSavedIsToldSoAndGoesOn() throws InterruptedException {
        await(vm.stop());
        VmHandle shared = await(vmette.launch(VmSpec.builder()
                .name("shared")
                .memoryMib(160)
                .share("work", temporary)
                .snapshots(SnapshotSpec.builder()
                        .passivateAfter(Duration.ofSeconds(1))
                        .build())
                .build()));
        VmEvent.NotPassivated told = next(VmEvent.NotPassivated.class);
        assertThat(told.vm()).isEqualTo("shared");
        assertThat(told.reason())
                .startsWith("the VM cannot be saved: the shared directory with the tag ")
                .contains("outside of what is saved");
        assertThat(out(vmette, shared, "echo alive")).isEqualTo("alive\n");
        assertThat(shared.incarnation()).isEqualTo(1);
    }

    /** What runs in the JVM that dies. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            RuntimeSettings settings =
                    Faults.settings("vmette { runtime-dir = \"" + args[0] + "\", snapshot.dir = \"" + args[1] + "\" }");
            Vmette vmette = Vmette.create(
                    settings,
                    new QemuMachines(settings, RootfsProgress.NONE, () -> RootfsProviders.all(settings)),
                    event -> {
                        if (event instanceof VmEvent.Passivated) {
                            System.out.println("passive");
                        }
                    });
            vmette.launch(VmSpec.builder()
                    .name("victim")
                    .memoryMib(160)
                    .snapshots(SnapshotSpec.builder()
                            .passivateAfter(Duration.ofSeconds(1))
                            .build())
                    .build());
            new CountDownLatch(1).await();
        }
    }

    @Test
    void aRuntimeThatIsKilledLeavesASnapshotThatTheNextOneRemoves() throws IOException, InterruptedException {
        await(vm.stop());
        Path runtimeDir = Files.createTempDirectory("vmt");
        Path snapshots = temporary.resolve("snapshots");
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        runtimeDir.toString(),
                        snapshots.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(jvm.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("passive");
        } finally {
            jvm.destroyForcibly().waitFor();
        }
        Faults.until("its janitor to end", () -> Traces.processes(runtimeDir).isEmpty());
        assertThat(snapshots).isNotEmptyDirectory();

        RuntimeSettings settings = Faults.settings(
                "vmette { runtime-dir = \"" + runtimeDir + "\", snapshot.dir = \"" + snapshots + "\" }");
        try (Vmette next = Vmette.create(settings)) {
            await(await(next.launch(VmSpec.builder().name("next").memoryMib(96).build()))
                    .stop());
            Faults.until("the snapshot to go", () -> snapshots.toFile().list().length == 0);
        }
        Traces.remove(runtimeDir);
    }
}
