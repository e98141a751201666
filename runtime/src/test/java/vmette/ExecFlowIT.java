package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.Done;
import akka.japi.Pair;
import akka.stream.Attributes;
import akka.stream.OverflowStrategy;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.SourceQueueWithComplete;
import akka.util.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;

/** Commands of a real VM as flows. */
class ExecFlowIT {
    /** How much goes through where the amount matters: {@code -Dvmette.flow.bytes=1073741824} for all of it. */
    private static final long BYTES = Long.getLong("vmette.flow.bytes", 8L << 20);

    /** Doubles a shell variable until there is no memory left. */
    private static final String HOG = "x=0123456789abcdef; while :; do x=$x$x; done";

    private static Vmette vmette;
    private static VmHandle vm;

    /** A flow with a hand at either end. */
    private record Held(
            SourceQueueWithComplete<ExecInput> in, Execution execution, SinkQueueWithCancel<ExecEvent> out) {
        static Held run(VmHandle vm, ExecSpec spec) {
            Pair<Pair<SourceQueueWithComplete<ExecInput>, Execution>, SinkQueueWithCancel<ExecEvent>> made =
                    Source.<ExecInput>queue(16, OverflowStrategy.backpressure())
                            .viaMat(vm.execFlow(spec), Keep.both())
                            .toMat(Sink.<ExecEvent>queue().addAttributes(Attributes.inputBuffer(1, 1)), Keep.both())
                            .run(vmette.system());
            return new Held(made.first().first(), made.first().second(), made.second());
        }

        ExecEvent next() {
            return await(out.pull()).orElseThrow();
        }

        /** Reads on until standard output, so far, holds this text. */
        String readUntil(String text) {
            StringBuilder seen = new StringBuilder();
            while (!seen.toString().contains(text)) {
                ExecEvent event = next();
                assertThat(event).as("after %s", seen).isInstanceOfAny(ExecEvent.Started.class, ExecEvent.Stdout.class);
                if (event instanceof ExecEvent.Stdout bytes) {
                    seen.append(bytes.bytes().utf8String());
                }
            }
            return seen.toString();
        }

        ExitStatus readToTheEnd() {
            while (true) {
                if (next() instanceof ExecEvent.Exited exited) {
                    assertThat(await(out.pull())).isEmpty();
                    return exited.status();
                }
            }
        }
    }

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static CompletionStage<List<ExecEvent>> events(ExecSpec spec, Source<ExecInput, ?> in) {
        return in.via(vm.execFlow(spec)).runWith(Sink.seq(), vmette.system());
    }

    private static String text(List<ExecEvent> events, boolean stderr) {
        StringBuilder text = new StringBuilder();
        for (ExecEvent event : events) {
            if (event instanceof ExecEvent.Stdout out && !stderr) {
                text.append(out.bytes().utf8String());
            } else if (event instanceof ExecEvent.Stderr err && stderr) {
                text.append(err.bytes().utf8String());
            }
        }
        return text.toString();
    }

    private static ExitStatus status(List<ExecEvent> events) {
        assertThat(events.get(0)).isInstanceOf(ExecEvent.Started.class);
        assertThat(events.subList(0, events.size() - 1)).noneMatch(event -> event instanceof ExecEvent.Exited);
        return ((ExecEvent.Exited) events.get(events.size() - 1)).status();
    }

    /** Waits in the guest until no process has this number. */
    private static void awaitGone(String pid) {
        assertThat(sh(
                                vmette,
                                vm,
                                "for i in $(seq 600); do [ -d /proc/" + pid
                                        + " ] || exit 0; usleep 100000; done; exit 1")
                        .status())
                .isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 0));
    }

    @Test
    void inputAndBothOutputsAndTheStatus() {
        List<ExecEvent> events = await(events(
                ExecSpec.shell("echo $$; tr a-z A-Z; echo done >&2; exit 3"),
                Source.from(List.of(ExecInput.stdin("one "), ExecInput.stdin("two\n"), ExecInput.closeStdin()))
                        .concat(Source.maybe())));
        int pid = ((ExecEvent.Started) events.get(0)).pid();
        assertThat(text(events, false)).isEqualTo(pid + "\nONE TWO\n");
        assertThat(text(events, true)).isEqualTo("done\n");
        assertThat(status(events)).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 3));
    }

    @Test
    void aFlowRunsACommandForEachMaterialisation() {
        var flow = vm.execFlow("cat");
        for (String word : List.of("first", "second")) {
            List<ExecEvent> events =
                    await(Source.single(ExecInput.stdin(word)).via(flow).runWith(Sink.seq(), vmette.system()));
            assertThat(text(events, false)).isEqualTo(word);
            assertThat(status(events).isSuccess()).isTrue();
        }
    }

    @Test
    void yesThroughTheFlowWithStderrUnread() {
        ExecSpec spec = ExecSpec.shell("yes | head -c " + BYTES + "; head -c 1048576 /dev/zero >&2");
        long[] counted = new long[2];
        ExitStatus status = await(Source.<ExecInput>empty()
                .via(vm.execFlow(spec.discardStderr()))
                .runWith(
                        Sink.fold(new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0), (last, event) -> {
                            if (event instanceof ExecEvent.Stdout out) {
                                counted[0] += out.bytes().size();
                            } else if (event instanceof ExecEvent.Stderr) {
                                counted[1]++;
                            }
                            return event instanceof ExecEvent.Exited exited ? exited.status() : last;
                        }),
                        vmette.system()));
        assertThat(counted).containsExactly(BYTES, 0);
        assertThat(status.isSuccess()).isTrue();
    }

    @Test
    void yesThroughAnExecutionWithStderrUnread() {
        Execution execution = vm.exec(ExecSpec.shell("head -c 1048576 /dev/zero >&2; yes | head -c " + BYTES)
                .withClaimTimeout(Duration.ofSeconds(1)));
        long read =
                await(execution.stdout().runWith(Sink.fold(0L, (sum, bytes) -> sum + bytes.size()), vmette.system()));
        assertThat(read).isEqualTo(BYTES);
        assertThat(await(execution.status()).isSuccess()).isTrue();
    }

    @Test
    void bothOutputsWaitForASlowDownstreamAndNothingIsLost() {
        Held held = Held.run(
                vm, ExecSpec.shell("head -c 3000000 /dev/zero & head -c 3000000 /dev/zero >&2; wait; echo end >&2"));
        held.in().complete();
        assertThat(held.next()).isInstanceOf(ExecEvent.Started.class);
        // Nothing is asked for until another command has told that both writers stand still.
        String stuck = "for i in $(seq 600); do n=$(grep -l pipe_write /proc/[0-9]*/wchan 2>/dev/null | wc -l);"
                + " [ $n -ge 2 ] && exit 0; usleep 100000; done; exit 1";
        assertThat(sh(vmette, vm, stuck).status().isSuccess()).isTrue();
        long out = 0;
        long err = 0;
        for (ExecEvent event = held.next(); !(event instanceof ExecEvent.Exited); event = held.next()) {
            if (event instanceof ExecEvent.Stdout bytes) {
                out += bytes.bytes().size();
            } else if (event instanceof ExecEvent.Stderr bytes) {
                err += bytes.bytes().size();
            }
        }
        assertThat(out).isEqualTo(3000000);
        assertThat(err).isEqualTo(3000004);
    }

    /** All of an output is one chunk, or several. */
    @ParameterizedTest
    @ValueSource(ints = {1, 200_000})
    void theStatusWaitsForOutputsThatNobodyHasAskedForYet(int bytes) {
        String write = "head -c " + bytes + " /dev/zero";
        Held held = Held.run(vm, ExecSpec.shell(write + "; " + write + " >&2; exit 4"));
        held.in().complete();
        // The agent has told its end: what it says of the command that looks comes after that.
        awaitGone(Integer.toString(((ExecEvent.Started) held.next()).pid()));
        long out = 0;
        long err = 0;
        ExecEvent event = held.next();
        for (; !(event instanceof ExecEvent.Exited); event = held.next()) {
            if (event instanceof ExecEvent.Stdout some) {
                out += some.bytes().size();
            } else if (event instanceof ExecEvent.Stderr some) {
                err += some.bytes().size();
            }
        }
        assertThat(List.of(out, err)).containsExactly((long) bytes, (long) bytes);
        assertThat(((ExecEvent.Exited) event).status()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 4));
        assertThat(await(held.out().pull())).isEmpty();
    }

    @Test
    void mergedOutputsKeepTheirOrder() {
        List<ExecEvent> events = await(events(
                ExecSpec.shell("for i in $(seq 100); do echo out $i; echo err $i >&2; done")
                        .mergingOutputs(),
                Source.empty()));
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 100; i++) {
            expected.append("out ").append(i).append("\nerr ").append(i).append('\n');
        }
        assertThat(text(events, false)).isEqualTo(expected.toString());
        assertThat(text(events, true)).isEmpty();
    }

    @Test
    void aTerminalIsResizedAndInterrupted() {
        Held held = Held.run(
                vm,
                ExecSpec.shell("trap 'stty size' WINCH; trap 'echo interrupted; exit 6' INT; echo ready;"
                                + " while :; do usleep 50000; done")
                        .withTerminal(10, 20));
        held.readUntil("ready");
        held.in().offer(ExecInput.resize(44, 88));
        held.readUntil("44 88");
        held.in().offer(ExecInput.stdin("\u0003"));
        held.readUntil("interrupted");
        assertThat(held.readToTheEnd()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 6));
    }

    @Test
    void aSignalByNameGetsPastInputThatNobodyReads() {
        Held held = Held.run(
                vm, ExecSpec.shell("trap 'echo caught; exit 9' 37; echo ready; while :; do usleep 50000; done"));
        held.readUntil("ready");
        for (int i = 0; i < 16; i++) {
            await(held.in().offer(ExecInput.stdin(ByteString.fromArray(new byte[65536]))));
        }
        held.in().offer(ExecInput.signal("SIGRTMIN+3"));
        held.readUntil("caught");
        assertThat(held.readToTheEnd()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 9));
    }

    @Test
    void theExecutionsSignalGetsPastAnyInput() {
        Pair<Execution, SinkQueueWithCancel<ExecEvent>> made = Source.<ExecInput>repeat(
                        ExecInput.stdin(ByteString.fromArray(new byte[65536])))
                .viaMat(
                        vm.execFlow("trap 'echo caught; exit 9' USR1; echo ready; while :; do usleep 50000; done"),
                        Keep.right())
                .toMat(Sink.queue(), Keep.both())
                .run(vmette.system());
        Held held = new Held(null, made.first(), made.second());
        held.readUntil("ready");
        held.execution().signal("USR1");
        held.readUntil("caught");
        assertThat(held.readToTheEnd()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 9));
    }

    @Test
    void cancellingSendsTerm() {
        Held held = Held.run(
                vm,
                ExecSpec.shell("trap 'echo told >/tmp/term; exit 5' TERM; echo $$; while :; do usleep 50000; done"));
        String pid = held.readUntil("\n").strip();
        held.out().cancel();
        assertThat(await(held.execution().status()).code()).isEqualTo(5);
        awaitGone(pid);
        assertThat(sh(vmette, vm, "cat /tmp/term").stdout()).isEqualTo("told\n");
    }

    @Test
    void whatIgnoresTermIsKilledAfterTheGrace() {
        Held held = Held.run(
                vm,
                ExecSpec.shell("trap '' TERM; sh -c 'echo $$; exec sleep 1000' & echo $$; wait; sleep 1000")
                        .withKillGrace(Duration.ofSeconds(2)));
        String[] pids = held.readUntil("\n").split("\n");
        while (pids.length < 2) {
            pids = (String.join("\n", pids) + "\n" + held.readUntil("\n")).split("\n");
        }
        held.out().cancel();
        assertThat(await(held.execution().status())).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9));
        awaitGone(pids[0].strip());
        awaitGone(pids[1].strip());
    }

    @Test
    void aFailureOfUpstreamEndsTheCommandBeforeItsInputEnds() {
        Held held = Held.run(vm, ExecSpec.shell("rm -f /tmp/whole; echo $$; tee /tmp/part && mv /tmp/part /tmp/whole"));
        held.in().offer(ExecInput.stdin("half\n"));
        // The command has the first half, and waits for the other.
        String pid = held.readUntil("half\n").lines().findFirst().orElseThrow();
        // tee may write to the file last.
        assertThat(sh(vmette, vm, "until grep -q half /tmp/part; do usleep 10000; done")
                        .status()
                        .isSuccess())
                .isTrue();
        held.in().fail(new IllegalStateException("upstream"));
        assertThatThrownBy(() -> await(held.out().pull())).isInstanceOf(IllegalStateException.class);
        awaitGone(pid);
        assertThat(sh(vmette, vm, "cat /tmp/part").stdout()).isEqualTo("half\n");
        assertThat(sh(vmette, vm, "ls /tmp/whole").status().code()).isNotZero();
    }

    @Test
    void theOomKillerIsTold() {
        assertThat(status(await(events(ExecSpec.shell(HOG), Source.empty()))))
                .isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9, true))
                .hasToString("ended by signal 9 (KILL), the guest was out of memory");
        List<ExecEvent> child = await(events(ExecSpec.shell("sh -c '" + HOG + "'; exit 3"), Source.empty()));
        assertThat(status(child)).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 3, true));
        // The kernel's count is of the cgroup, which is used again by the next command.
        String own = sh(vmette, vm, "cat /proc/self/cgroup").stdout();
        assertThat(own).startsWith("0::/vmette/");
        for (int again = 0; again < 3; again++) {
            Guests.Result next = sh(vmette, vm, "cat /proc/self/cgroup; kill -9 $$");
            assertThat(next.stdout()).isEqualTo(own);
            assertThat(next.status()).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9, false));
        }
        assertThat(status(await(events(ExecSpec.shell(HOG), Source.empty()))))
                .isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9, true));
    }

    @Test
    void whatACommandLeftBehindKeepsItsCgroup() {
        String left = sh(vmette, vm, "cat /proc/self/cgroup; setsid sh -c 'exec sleep 1000 >/dev/null 2>&1' & exit 0")
                .stdout();
        assertThat(sh(vmette, vm, "cat /proc/self/cgroup").stdout()).isNotEqualTo(left);
    }

    @Test
    void aProgramThatIsNotThereFailsTheFlow() {
        assertThatThrownBy(() -> await(events(ExecSpec.of("/no/such/program"), Source.maybe())))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("/no/such/program");
    }

    @Test
    void aLostVmFailsTheFlowAfterWhatItSaid() {
        VmHandle other = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        Held held = Held.run(other, ExecSpec.shell("echo last words; sleep 1000"));
        held.readUntil("last words");
        other.exec("echo c > /proc/sysrq-trigger");
        assertThatThrownBy(() -> await(held.out().pull())).isInstanceOf(VmLostException.class);
        assertThatThrownBy(() -> await(held.execution().status())).isInstanceOf(VmLostException.class);
        await(other.ended());
        assertThatThrownBy(() -> await(
                        Source.<ExecInput>empty().via(other.execFlow("true")).runWith(Sink.seq(), vmette.system())))
                .isInstanceOf(VmLostException.class);
    }

    /** Whether its command goes on or has ended: a timeout is not to wait for who does not read. */
    @ParameterizedTest
    @ValueSource(strings = {"while :; do echo x; done", "echo x; exit 3"})
    void aRunWhoseTimeIsOverEndsThoughNobodyReads(String commandLine) {
        Sink<ByteString, CompletionStage<Done>> stuck = Flow.<ByteString>create()
                .mapAsync(1, bytes -> new CompletableFuture<ByteString>())
                .toMat(Sink.ignore(), Keep.right());
        VmSpec spec = VmSpec.builder()
                .memoryMib(128)
                .timeout(Duration.ofSeconds(5))
                .exec(commandLine)
                .build();
        assertThat(await(vmette.run(spec, new RunStreams(Source.empty(), stuck, stuck))))
                .isEqualTo(new ExitStatus(ExitStatus.Kind.TIMED_OUT, 0));
    }
}
