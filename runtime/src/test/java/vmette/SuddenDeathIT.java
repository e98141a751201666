package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vmette.config.VmSpec;
import vmette.process.RuntimeDirectory;

/**
 * JVMs with eight VMs die by {@code kill -9} at any moment of their start; the next runtime of the same directory leaves nothing of them. Without VMs,
 * and at the finest grain, {@code SuddenDeathTest} has it.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SuddenDeathIT {
    private static final int VMS = 8;
    private static final int ROUNDS = Boolean.getBoolean("vmette.full") ? 30 : 3;

    private final Random random = new Random();
    private Path runtimeDir;
    private DoomedJvm jvm;
    private Process bystander;

    /** What runs in the JVM that dies. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            Vmette vmette = Vmette.create(Faults.settings("vmette.runtime-dir = \"" + args[0] + "\""));
            for (int i = 0; i < VMS; i++) {
                vmette.launch(VmSpec.builder()
                        .name("victim-" + i)
                        .memoryMib(96)
                        .scratchMib(i < 2 ? 16 : 0)
                        .build());
            }
            new CountDownLatch(1).await();
        }
    }

    @BeforeEach
    void prepare() throws IOException {
        runtimeDir = Files.createTempDirectory("vmt");
        bystander = new ProcessBuilder("sleep", "100000").start();
    }

    @AfterEach
    void end() throws Exception {
        bystander.destroyForcibly().waitFor();
        if (jvm != null) {
            jvm.process().destroyForcibly().waitFor();
        }
        RuntimeDirectory.open(runtimeDir.toString()).close();
        Faults.until(
                "the last process to end", () -> Traces.processes(runtimeDir).isEmpty());
        Traces.remove(runtimeDir);
    }

    @Test
    void killedAtAnyMomentOfEightStarts() throws Exception {
        List<Path> scratches = scratches();
        for (int round = 0; round < ROUNDS; round++) {
            jvm = DoomedJvm.start(Victim.class, runtimeDir.toString());
            // One of VMS children announced and VMS spawned, or later: the last rounds have guests that boot, and more.
            int lines = 1 + random.nextInt(3 * VMS);
            Faults.until("line " + lines + " of the journal", () -> {
                assertThat(jvm.process().isAlive()).isTrue();
                return journalLines().size() >= Math.min(lines, 2 * VMS);
            });
            boolean alone = round % 2 == 0;
            jvm.kill(alone);
            if (!alone) {
                recyclePids();
            }
            if (round < ROUNDS - 1) {
                RuntimeDirectory.open(runtimeDir.toString()).close();
            } else {
                bootAnother();
            }
            String when = "round " + round + ", killed at line " + lines + (alone ? "" : " with its janitor");
            Faults.until(when + ": its processes to end", () -> Traces.processes(runtimeDir)
                    .isEmpty());
            Faults.until(
                    () -> when + ": its files to go: " + DoomedJvm.leftFiles(runtimeDir),
                    () -> DoomedJvm.leftFiles(runtimeDir).isEmpty());
            // Those of other runtimes, which use the same cache, come and go.
            Faults.until(
                    () -> when + ": its scratch disks to go: " + scratches(), () -> scratches.containsAll(scratches()));
            assertThat(bystander.isAlive()).as(when).isTrue();
        }
    }

    /** Whatever the journal says was spawned, the bystander has its pid now. */
    private void recyclePids() throws IOException {
        for (Path journal : journals()) {
            StringBuilder more = new StringBuilder();
            for (String line : Files.readAllLines(journal, StandardCharsets.US_ASCII)) {
                String[] words = line.split(" ", -1);
                if (words.length == 7 && words[2].equals("spawned")) {
                    words[5] = Long.toString(bystander.pid());
                    String text = String.join(" ", List.of(words).subList(1, words.length));
                    CRC32C sum = new CRC32C();
                    sum.update(text.getBytes(StandardCharsets.US_ASCII));
                    more.append(String.format("%08x ", sum.getValue()))
                            .append(text)
                            .append('\n');
                }
            }
            Files.writeString(journal, more, StandardOpenOption.APPEND);
        }
    }

    private void bootAnother() {
        try (Vmette vmette = Vmette.create(Faults.settings("vmette.runtime-dir = \"" + runtimeDir + "\""))) {
            VmHandle vm = await(vmette.launch(
                    VmSpec.builder().name("victim-0").memoryMib(96).build()));
            assertThat(Guests.out(vmette, vm, "echo alive")).isEqualTo("alive\n");
            assertThat(bystander.isAlive()).isTrue();
        }
    }

    private List<String> journalLines() {
        return journals().stream()
                .flatMap(journal -> {
                    try {
                        return Files.readAllLines(journal, StandardCharsets.US_ASCII).stream();
                    } catch (IOException notYet) {
                        return Stream.<String>empty();
                    }
                })
                .filter(line -> line.contains(" intent ") || line.contains(" spawned "))
                .toList();
    }

    private List<Path> journals() {
        return Traces.list(runtimeDir).stream()
                .filter(path -> path.toString().endsWith(".journal"))
                .toList();
    }

    private static List<Path> scratches() {
        Path cache = Faults.settings("").cacheDir().toAbsolutePath().resolve("scratch");
        return Optional.of(cache).filter(Files::isDirectory).map(Traces::list).orElse(List.of());
    }
}
