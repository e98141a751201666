package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.StartFailedException;

class ChildProcessesTest {
    private static final Redirect NO_INPUT = Redirect.from(new File("/dev/null"));

    @TempDir
    private Path base;

    private ChildProcesses children;

    @BeforeEach
    void open() {
        children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
    }

    @AfterEach
    void close() {
        children.close();
    }

    private Process spawn(String... command) throws Exception {
        return children.spawn(List.of(command), NO_INPUT).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static String output(Process process) throws Exception {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void childKeepsItsPidLeadsItsSessionAndWritesBothOutputsToOne() throws Exception {
        Process child =
                spawn("/bin/sh", "-c", "echo $$; pwd; ps -o sid= -p $$ >&2; echo \"$1\"", "sh", "a 'b' \"c\" $d");
        String[] lines = output(child).split("\n", -1);
        assertThat(lines[0]).isEqualTo(Long.toString(child.pid()));
        assertThat(lines[1]).isEqualTo("/");
        assertThat(lines[2].trim()).isEqualTo(Long.toString(child.pid()));
        assertThat(lines[3]).isEqualTo("a 'b' \"c\" $d");
        assertThat(child.waitFor()).isZero();
    }

    @Test
    void allChildrenHaveOneParentThreadThatSurvivesFailures() throws Exception {
        Process lasting = spawn("/bin/sleep", "1000");
        assertThat(output(spawn("/nonexistent/program"))).contains("/nonexistent/program");
        children.spawn(List.of("/bin/true"), NO_INPUT).thenAccept(process -> {
            throw new AssertionError("a careless caller");
        });
        assertThat(spawn("/bin/true").waitFor()).isZero();
        assertThat(lasting.isAlive()).isTrue();
    }

    @Test
    void inputComesFromWhereTold() throws Exception {
        Path input = Files.writeString(base.resolve("input"), "state");
        Process child = children.spawn(List.of("/bin/cat"), Redirect.from(input.toFile()))
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        assertThat(output(child)).isEqualTo("state");
    }

    /** proc(5): THP_enabled in status. */
    @Test
    void hugePagesAreKeptFromThoseChildrenAloneThatAreToHaveNone() throws Exception {
        List<String> look = List.of("/bin/grep", "THP_enabled", "/proc/self/status");
        ChildPurpose one = new ChildPurpose("one of many", "web", Optional.empty());
        Process small = children.spawn(one.withSmallPages(true), look, NO_INPUT)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        assertThat(output(small)).isEqualTo("THP_enabled:\t0\n");
        Process ordinary =
                children.spawn(one, look, NO_INPUT).toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertThat(output(ordinary)).isEqualTo("THP_enabled:\t1\n");
        assertThat(Files.readString(Path.of("/proc/self/status"))).contains("THP_enabled:\t1\n");
    }

    @Test
    void theJournalTellsOfAChildByTheMarkItHas() throws Exception {
        Path file = children.directory().journal().file();
        ChildPurpose purpose = new ChildPurpose("a helper", "web", Optional.of(Path.of("/run/web-1")));
        Process child = children.spawn(purpose, List.of("/bin/sh", "-c", "echo $VMETTE_MARK; read -r x"), Redirect.PIPE)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        String mark = child.inputReader().readLine();
        assertThat(mark).matches("[0-9a-f]{32}-1");
        long start = ProcessIdentity.of(child.pid()).orElseThrow().startTicks();
        assertThat(Files.readAllLines(file))
                .hasSize(3)
                .satisfiesExactly(
                        began -> assertThat(began)
                                .contains(" began ")
                                .contains(children.directory().path().toString()),
                        intent -> assertThat(intent)
                                .contains(" intent " + mark + " ")
                                .endsWith(" a%20helper web /run/web-1 /bin/sh"),
                        spawned -> assertThat(spawned)
                                .contains(" spawned " + mark + " ")
                                .endsWith(" " + child.pid() + " " + start));
        child.getOutputStream().close();
        assertThat(child.waitFor()).isEqualTo(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Files.readString(file).endsWith(" ended " + mark + " 1\n")) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(5);
        }
        children.close();
        assertThat(file).doesNotExist();
    }

    @Test
    void closeKillsReapsRemovesAndRefuses() throws Exception {
        Process stubborn = spawn("/bin/sh", "-c", "trap '' TERM INT HUP; echo up; exec sleep 1000");
        assertThat(stubborn.getInputStream().read()).isEqualTo('u');
        Path directory = children.directory().path();
        assertThat(directory).exists();
        children.close();
        children.close();
        assertThat(stubborn.isAlive()).isFalse();
        assertThat(directory).doesNotExist();
        assertThatThrownBy(() -> spawn("/bin/true"))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("shutting down");
    }
}
