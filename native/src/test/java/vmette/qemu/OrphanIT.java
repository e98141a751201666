package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.vmm.Vmm;

/** A JVM with two QEMUs under it dies in several ways; nothing of it may be left. */
class OrphanIT {
    private static final int VMS = 2;

    @TempDir
    private Path base;

    private Process jvm;
    private Path directory;
    private List<ProcessHandle> qemus = List.of();
    private ProcessHandle janitor;

    /** What runs in the JVM that dies. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(args[0]));
            QemuHypervisor hypervisor = QemuHypervisor.open(
                    new QemuSettings(Optional.empty(), AcceleratorChoice.TCG, Duration.ofSeconds(50)), children);
            for (int i = 0; i < VMS; i++) {
                Path directory = children.directory().createVmDirectory("vm");
                Vmm vmm =
                        hypervisor.create(new QemuLaunch("vm" + i, new BootSource.Firmware(), 1, 64, directory, false));
                vmm.start().toCompletableFuture().get();
            }
            System.out.println(children.directory().path());
            System.out.flush();
            if (args.length == 1) {
                new CountDownLatch(1).await();
            }
        }
    }

    private void startVictim(String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Victim.class.getName(), base.toString()));
        command.addAll(List.of(more));
        jvm = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        BufferedReader output = jvm.inputReader();
        directory = Path.of(output.readLine());
        if (more.length == 0) {
            List<ProcessHandle> children = jvm.children().toList();
            qemus = children.stream()
                    .filter(child -> runs(child, "qemu-system"))
                    .toList();
            janitor = children.stream()
                    .filter(child -> !runs(child, "qemu-system"))
                    .findFirst()
                    .orElseThrow();
            assertThat(qemus).hasSize(VMS);
            assertThat(directory).exists();
        }
    }

    private static boolean runs(ProcessHandle process, String program) {
        return process.info().command().orElse("").contains(program);
    }

    @AfterEach
    void end() {
        jvm.destroyForcibly();
    }

    private static void awaitEnd(ProcessHandle process) throws Exception {
        process.onExit().get(60, TimeUnit.SECONDS);
    }

    private void assertNothingIsLeft() {
        assertThat(qemus).noneMatch(ProcessHandle::isAlive);
        assertThat(directory).doesNotExist();
    }

    @Test
    void killedJvmLeavesNothing() throws Exception {
        startVictim();
        jvm.destroyForcibly();
        awaitEnd(janitor);
        assertNothingIsLeft();
    }

    @Test
    void controlCEndsTheQemusInOrder() throws Exception {
        startVictim();
        // As a terminal does: to the whole foreground group.
        assertThat(new ProcessBuilder("kill", "-INT", "--", "-" + jvm.pid())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(jvm.waitFor()).isEqualTo(130);
        assertNothingIsLeft();
        awaitEnd(janitor);
    }

    @Test
    void controlCReachesNoQemu() throws Exception {
        startVictim();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(jvm.pid()))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(new ProcessBuilder("kill", "-INT", "--", "-" + jvm.pid())
                        .start()
                        .waitFor())
                .isZero();
        // The JVM cannot act on it: whoever dies now was hit by the signal itself.
        assertThat(qemus).allMatch(ProcessHandle::isAlive);
        assertThat(qemus).allSatisfy(qemu -> assertThat(session(qemu)).isEqualTo(qemu.pid()));
        assertThat(session(janitor)).isEqualTo(janitor.pid());
        jvm.destroyForcibly();
        awaitEnd(janitor);
        assertNothingIsLeft();
    }

    private static long session(ProcessHandle process) throws Exception {
        String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3]);
    }

    @Test
    void endOfMainEndsTheQemus() throws Exception {
        startVictim("return");
        assertThat(jvm.waitFor()).isZero();
        assertNothingIsLeft();
        try (var left = Files.list(directory.getParent())) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void withoutAJanitorTheNextRuntimeCleansUp() throws Exception {
        startVictim();
        try (RuntimeDirectory other = RuntimeDirectory.open(base.toString())) {
            assertThat(other.path().getParent()).isEqualTo(directory.getParent());
            assertThat(directory).as("the directory of a living runtime").exists();
        }
        janitor.destroyForcibly();
        awaitEnd(janitor);
        jvm.destroyForcibly();
        for (ProcessHandle qemu : qemus) {
            awaitEnd(qemu);
        }
        assertThat(directory).exists();
        RuntimeDirectory.open(base.toString()).close();
        assertNothingIsLeft();
    }
}
