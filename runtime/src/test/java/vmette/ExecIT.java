package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.Done;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.Guests.Result;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VsockException;

/** Commands in a real VM: status, streams, and the ways in which they go unread. */
class ExecIT {
    private static final int QUARTER_GIB = 256 << 20;

    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder()
                .memoryMib(256)
                .env("COLOUR", "red")
                .env("SIZE", "1")
                .build()));
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    @ParameterizedTest
    @CsvSource({
        "exit 42,42",
        "true,0",
        "false,1",
        "kill -9 $$,137",
        "kill -TERM $$,143",
        "no-such-command,127",
        "/etc/passwd,126"
    })
    void theStatusIsTheCommands(String command, int code) {
        assertThat(sh(vmette, vm, command).status().code()).isEqualTo(code);
    }

    @Test
    void stdoutAndStderrAreApart() {
        Result result = sh(vmette, vm, "echo out; echo err >&2");
        assertThat(result.stdout()).isEqualTo("out\n");
        assertThat(result.stderr()).isEqualTo("err\n");
    }

    @Test
    void environmentAndDirectoryAreGiven() {
        Result result = Guests.run(
                vmette,
                vm,
                ExecSpec.shell("echo $COLOUR $SIZE $PWD; echo $PATH")
                        .withEnv("COLOUR", "blue")
                        .withDirectory("/etc"));
        assertThat(result.stdout())
                .isEqualTo("blue 1 /etc\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    }

    @Test
    void argumentsAreNotSplitOrExpanded() {
        Result result = Guests.run(vmette, vm, ExecSpec.of("echo", "a  b", "$PATH", "*"));
        assertThat(result.stdout()).isEqualTo("a  b $PATH *\n");
    }

    @Test
    void aProgramThatIsNotThereIsATypedFailure() {
        Execution execution = vm.exec(ExecSpec.of("/no/such/program"));
        assertThatThrownBy(() -> await(execution.status()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("/no/such/program");
        assertThatThrownBy(() -> await(Guests.text(vmette, execution.stdout())))
                .isInstanceOf(StartFailedException.class);
    }

    @Test
    void aQuarterGibibyteComesBackUnchanged() {
        Execution cat = vm.exec(ExecSpec.of("cat"));
        Guests.randomBytes(1, QUARTER_GIB).runWith(cat.stdin(), vmette.system());
        CompletionStage<String> digest = cat.stdout().runWith(Guests.sha256(), vmette.system());
        assertThat(await(digest)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(1, QUARTER_GIB)));
        assertThat(await(cat.status()).code()).isZero();
    }

    @Test
    void whatIsLeftRunningDoesNotHoldTheCommand() {
        Result result = sh(vmette, vm, "sleep 1000 & echo hi");
        assertThat(result.stdout()).isEqualTo("hi\n");
        assertThat(result.status().code()).isZero();
        // And it is not left running: it gets TERM with its process group.
        Result gone =
                sh(vmette, vm, "for i in $(seq 100); do pidof sleep >/dev/null || exit 0; usleep 100000; done; exit 1");
        assertThat(gone.status().code()).isZero();
    }

    @Test
    void whatIsLeftRunningStaysWhenAsked() {
        Result result =
                Guests.run(vmette, vm, ExecSpec.shell("sleep 77 & echo $!").leavingGroup());
        String pid = result.stdout().strip();
        assertThat(sh(vmette, vm, "kill -9 " + pid).status().code()).isZero();
    }

    @Test
    void tenMebibytesOnAStderrThatNobodyReads() {
        Execution execution = vm.exec(
                ExecSpec.shell("head -c 10485760 /dev/zero >&2; echo done").withClaimTimeout(Duration.ofSeconds(1)));
        CompletionStage<String> out = Guests.text(vmette, execution.stdout());
        assertThat(await(execution.status()).code()).isZero();
        assertThat(await(out)).isEqualTo("done\n");
    }

    @Test
    void bothOutputsUnread() {
        Execution execution = vm.exec(ExecSpec.shell("head -c 1048576 /dev/zero; head -c 1048576 /dev/zero >&2; exit 7")
                .withClaimTimeout(Duration.ofSeconds(1)));
        assertThat(await(execution.status()).code()).isEqualTo(7);
        assertThatThrownBy(() -> await(Guests.text(vmette, execution.stdout())))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("claim-timeout");
    }

    @Test
    void discardedOutputsDelayNothing() {
        Execution execution =
                vm.exec(ExecSpec.shell("head -c 10485760 /dev/zero; head -c 10485760 /dev/zero >&2; exit 3")
                        .discardStdout()
                        .discardStderr()
                        .withClaimTimeout(Duration.ofHours(1)));
        assertThat(await(execution.status()).code()).isEqualTo(3);
    }

    @Test
    void smallOutputWaitsForALateReader() {
        Execution execution = vm.exec(ExecSpec.shell("echo early").withClaimTimeout(Duration.ofMinutes(5)));
        assertThat(await(execution.status()).code()).isZero();
        assertThat(await(Guests.text(vmette, execution.stdout()))).isEqualTo("early\n");
    }

    @Test
    void aCommandThatClosesItsStdoutEarlyGoesOn() {
        Result result = sh(vmette, vm, "echo first; exec >&-; echo second >&2; exit 5");
        assertThat(result.stdout()).isEqualTo("first\n");
        assertThat(result.stderr()).isEqualTo("second\n");
        assertThat(result.status().code()).isEqualTo(5);
    }

    @Test
    void aReaderThatLeavesEarlyEndsTheWriter() {
        Execution yes = vm.exec(ExecSpec.of("yes"));
        ByteString first = await(yes.stdout().runWith(Sink.head(), vmette.system()));
        assertThat(first.utf8String()).startsWith("y\ny\n");
        // busybox yes stops at EPIPE, or at the signal that comes with it.
        assertThat(await(yes.status()).code()).isNotZero();
    }

    @Test
    void stdinThatIsNeverRead() {
        Execution execution = vm.exec(ExecSpec.shell("exec sleep 1"));
        CompletionStage<Done> input = Guests.randomBytes(2, 8 << 20).runWith(execution.stdin(), vmette.system());
        assertThat(await(execution.status()).code()).isZero();
        await(input.handle((done, failure) -> Done.getInstance()));
    }

    @Test
    void anEmptyStdinIsEndOfFile() {
        Result result = Guests.run(vmette, vm, ExecSpec.shell("cat; echo ended").withClaimTimeout(Duration.ofHours(1)));
        assertThat(result.stdout()).isEqualTo("ended\n");
    }

    @Test
    void theStatusDoesNotOvertakeAnOutputThatWasAskedFor() {
        Execution execution = vm.exec(ExecSpec.shell("echo late").withClaimTimeout(Duration.ofMinutes(5)));
        Source<ByteString, ?> output = execution.stdout();
        await(execution.started());
        CompletionStage<ExitStatus> status = execution.status();
        // Another command has come and gone: the first one's end is known by now.
        assertThat(sh(vmette, vm, "true").status().code()).isZero();
        assertThat(status.toCompletableFuture()).isNotDone();
        assertThat(await(Guests.text(vmette, output))).isEqualTo("late\n");
        assertThat(await(status).code()).isZero();
    }

    @Test
    void stdinThatNobodyWritesEndsAfterTheClaimTimeout() {
        Execution execution = vm.exec(ExecSpec.shell("cat; echo ended").withClaimTimeout(Duration.ofSeconds(1)));
        assertThat(await(Guests.text(vmette, execution.stdout()))).isEqualTo("ended\n");
        assertThat(await(execution.status()).code()).isZero();
    }

    @Test
    void aSlowReaderHoldsBackOnlyItsOwnOutput() {
        Execution execution =
                vm.exec(ExecSpec.shell("head -c 4194304 /dev/zero & head -c 4194304 /dev/zero >&2; wait"));
        // stdout is taken without demand until all of stderr is there; its end comes with the shell's, after stdout's.
        var held = execution.stdout().toMat(Sink.queue(), Keep.right()).run(vmette.system());
        var free = execution.stderr().toMat(Sink.queue(), Keep.right()).run(vmette.system());
        for (long read = 0; read < 4194304; ) {
            read += await(free.pull()).orElseThrow().size();
        }
        long bytes = 0;
        for (var next = await(held.pull()); next.isPresent(); next = await(held.pull())) {
            bytes += next.get().size();
        }
        assertThat(bytes).isEqualTo(4194304);
        assertThat(await(execution.status()).code()).isZero();
    }

    @Test
    void aTerminalHasTheSizeAndEchoes() {
        Execution execution = vm.exec(
                ExecSpec.shell("stty size; tty; read line; echo got $line").withTerminal(33, 99));
        Source.single(ByteString.fromString("word\n"))
                .concat(Source.maybe())
                .runWith(execution.stdin(), vmette.system());
        String screen = await(Guests.text(vmette, execution.stdout()));
        assertThat(screen).contains("33 99").contains("/dev/pts/").contains("got word");
        assertThat(await(execution.status()).code()).isZero();
    }

    @Test
    void aTerminalIsResized() {
        Execution execution =
                vm.exec(ExecSpec.shell("trap 'stty size; exit 0' WINCH; echo ready; while :; do usleep 50000; done")
                        .withTerminal(10, 20));
        var screen = execution.stdout().toMat(Sink.queue(), Keep.right()).run(vmette.system());
        StringBuilder seen = new StringBuilder();
        while (!seen.toString().contains("ready")) {
            seen.append(await(screen.pull()).orElseThrow().utf8String());
        }
        execution.resize(44, 88);
        while (!seen.toString().contains("44 88")) {
            seen.append(await(screen.pull()).orElseThrow().utf8String());
        }
        // Read to its end: a reader who leaves hangs the terminal up, which is a status of its own.
        var end = await(screen.pull());
        while (end.isPresent()) {
            end = await(screen.pull());
        }
        assertThat(await(execution.status()).code()).isZero();
    }

    @Test
    void signalsArrive() {
        Execution execution =
                vm.exec(ExecSpec.shell("trap 'echo caught; exit 9' USR1; echo ready; while :; do usleep 50000; done"));
        var out = execution.stdout().toMat(Sink.queue(), Keep.right()).run(vmette.system());
        assertThat(await(out.pull()).orElseThrow().utf8String()).isEqualTo("ready\n");
        execution.signal(10);
        assertThat(await(out.pull()).orElseThrow().utf8String()).isEqualTo("caught\n");
        assertThat(await(out.pull())).isEmpty();
        assertThat(await(execution.status()).code()).isEqualTo(9);
        assertThatThrownBy(() -> execution.signal(65)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aStreamCanBeTakenOnce() {
        Execution execution = vm.exec("echo once");
        assertThat(await(Guests.text(vmette, execution.stdout()))).isEqualTo("once\n");
        assertThatThrownBy(() -> await(Guests.text(vmette, execution.stdout())))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("materialised already");
    }

    @Test
    void theAgentGivesASignOfLife() {
        Duration first = await(vm.ping());
        assertThat(await(vm.ping())).isGreaterThan(first);
    }

    @Test
    void manyCommandsAtOnce() {
        var results = java.util.stream.IntStream.range(0, 40)
                .mapToObj(i -> vm.exec("echo " + i + "; exit " + i))
                .map(execution -> Guests.text(vmette, execution.stdout())
                        .thenCombine(execution.status(), (text, status) -> text.strip() + "=" + status.code()))
                .toList();
        for (int i = 0; i < results.size(); i++) {
            assertThat(await(results.get(i))).isEqualTo(i + "=" + i);
        }
    }
}
