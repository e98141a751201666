package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.journal.JournalNames;
import vmette.rootfs.ScratchDisk;
import vmette.snapshot.DiskChain;

/** JVMs are killed at any moment, together with their janitors, which would do half of the work; the next runtime does all of it. */
class SuddenDeathTest {
    private static final Redirect NO_INPUT = Redirect.from(new File("/dev/null"));

    @TempDir
    private Path temporary;

    // In the arguments of every child: by it, and not by a mark, the test finds them.
    private final String tag = "1000000." + System.nanoTime();
    private final List<Process> jvms = new ArrayList<>();
    private BufferedReader said;
    private Path directory;

    /** What runs in the JVM that dies: it goes on making children that the kernel does not kill with their parent. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            Path base = Path.of(args[0]);
            String tag = args[1];
            ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
            say(children.directory().path());
            List<String> surviving = List.of("/usr/bin/setpriv", "--pdeathsig", "clear", "/bin/sleep", tag);
            if (args[2].equals("blocked")) {
                // The spawning thread opens it, which takes until somebody writes to it: it has announced the child,
                // and spawns none.
                children.spawn(surviving, Redirect.from(base.resolve("fifo").toFile()));
                new CountDownLatch(1).await();
            }
            for (int step = 0; ; step++) {
                children.spawn(surviving, NO_INPUT);
                children.spawn(List.of("/bin/sh", "-c", "/bin/sleep " + tag + " & wait"), NO_INPUT);
                say(step);
                if (step % 4 == 0) {
                    ScratchDisk.create(
                            base.resolve("scratch"), 8, children.directory().journal());
                    say(step);
                    // Its names stay while it is there.
                    DiskChain chain = DiskChain.create(
                            "disk",
                            8 << 20,
                            base.resolve("scratch"),
                            children.directory().journal(),
                            zeroes -> {});
                    chain.grow();
                    chain.goOn();
                    say(step);
                }
                if (step == 40) {
                    new CountDownLatch(1).await();
                }
            }
        }

        private static void say(Object line) {
            System.out.println(line);
            System.out.flush();
        }
    }

    private Process start(String what) throws Exception {
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        temporary.toString(),
                        tag,
                        what)
                .redirectError(Redirect.INHERIT)
                .start();
        jvms.add(jvm);
        said = jvm.inputReader();
        directory = Path.of(said.readLine());
        return jvm;
    }

    @AfterEach
    void end() throws Exception {
        for (Process jvm : jvms) {
            jvm.destroyForcibly().waitFor();
        }
        RuntimeDirectory.open(temporary.toString()).close();
        await(() -> leftProcesses().isEmpty());
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(deadline);
            Thread.sleep(5);
        }
    }

    /** The janitor first: it must not see the JVM's end. */
    private static void killWithJanitor(Process jvm) throws Exception {
        List<ProcessHandle> janitors = new ArrayList<>();
        // One that is just becoming another program shows no command line.
        await(() -> {
            jvm.children()
                    .filter(child -> commandLine(child.pid()).contains("vmette-janitor"))
                    .forEach(janitors::add);
            return !janitors.isEmpty();
        });
        assertThat(janitors).hasSize(1);
        janitors.get(0).destroyForcibly();
        jvm.destroyForcibly().waitFor();
        // A janitor whose parent is gone is somebody else's to reap.
        await(() -> SeenProcess.of(janitors.get(0).pid())
                .filter(seen -> !seen.ended())
                .isEmpty());
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
            return "";
        }
    }

    /** Without those whose parents have died before they were what they were to be: these see it by themselves, a moment later. */
    private List<Long> leftProcesses() throws IOException {
        return SeenProcess.all().stream()
                .filter(seen -> !seen.ended())
                .map(seen -> seen.identity().pid())
                .filter(pid -> commandLine(pid).contains(tag))
                .filter(pid -> jvms.stream().noneMatch(jvm -> jvm.pid() == pid))
                .toList();
    }

    private List<Path> leftFiles() throws IOException {
        try (Stream<Path> left = Files.walk(temporary)) {
            return left.filter(path -> !Files.isDirectory(path)).toList();
        } catch (UncheckedIOException goes) {
            return leftFiles();
        }
    }

    private static String told(List<Long> pids) {
        StringBuilder told = new StringBuilder();
        for (long pid : pids) {
            told.append('\n')
                    .append(SeenProcess.of(pid))
                    .append(' ')
                    .append(ProcessStat.of(pid))
                    .append(' ')
                    .append(commandLine(pid).replace('\0', ' '));
        }
        return told.toString();
    }

    private void assertNothingIsLeft() throws Exception {
        try {
            await(() -> leftProcesses().isEmpty());
        } catch (AssertionError e) {
            throw new AssertionError("left: " + told(leftProcesses()), e);
        }
        // A janitor that is under way has the journal to remove last.
        await(() -> leftFiles().isEmpty());
        assertThat(directory.getParent()).isEmptyDirectory();
    }

    @Test
    void killedAtAnyMomentWithItsJanitor() throws Exception {
        Random random = new Random();
        for (int round = 0; round < 4; round++) {
            Process jvm = start("busy");
            for (int lines = random.nextInt(30); lines > 0; lines--) {
                assertThat(said.readLine()).isNotNull();
            }
            killWithJanitor(jvm);
            assertThat(JournalNames.of(directory)).exists();
            RuntimeDirectory.open(temporary.toString()).close();
            assertNothingIsLeft();
        }
    }

    @Test
    void killedAloneItsJanitorAndTheNextRuntimeShareTheWork() throws Exception {
        Process jvm = start("busy");
        for (int lines = 0; lines < 12; lines++) {
            assertThat(said.readLine()).isNotNull();
        }
        jvm.destroyForcibly().waitFor();
        RuntimeDirectory.open(temporary.toString()).close();
        await(() -> Files.notExists(directory));
        assertNothingIsLeft();
    }

    @Test
    void killedBetweenTheAnnouncementAndTheSpawn() throws Exception {
        Path fifo = temporary.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        Process jvm = start("blocked");
        await(() -> Files.readString(JournalNames.of(directory)).contains(" intent "));
        assertThat(Files.readString(JournalNames.of(directory))).doesNotContain(" spawned ");
        killWithJanitor(jvm);
        RuntimeDirectory.open(temporary.toString()).close();
        Files.delete(fifo);
        assertNothingIsLeft();
    }

    @Test
    void runtimesBesideItAreNotDisturbed() throws Exception {
        Process living = start("busy");
        Path livingDirectory = directory;
        assertThat(said.readLine()).isNotNull();
        try (ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(temporary.toString()))) {
            Process ours = children.spawn(List.of("/bin/sleep", "1000"), NO_INPUT)
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
            // It has asked for a child when it says so; that it has one it writes down.
            await(() -> Files.readString(JournalNames.of(livingDirectory)).contains(" spawned "));
            String before = Files.readString(JournalNames.of(livingDirectory));
            Process dying = start("busy");
            assertThat(said.readLine()).isNotNull();
            killWithJanitor(dying);
            RuntimeDirectory.open(temporary.toString()).close();

            assertThat(directory).doesNotExist();
            assertThat(JournalNames.of(directory)).doesNotExist();
            assertThat(ours.isAlive()).isTrue();
            assertThat(living.isAlive()).isTrue();
            assertThat(livingDirectory).exists();
            String spawned = before.lines()
                    .filter(line -> line.contains(" spawned "))
                    .findFirst()
                    .orElseThrow();
            long pid = Long.parseLong(spawned.split(" ", -1)[5]);
            assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive)).contains(true);
        }
        killWithJanitor(living);
        directory = livingDirectory;
        RuntimeDirectory.open(temporary.toString()).close();
        assertNothingIsLeft();
    }
}
