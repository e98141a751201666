package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.NotUsed;
import akka.stream.Attributes;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.config.ExecSpec;
import vmette.config.ExecSpec.WhenFull;
import vmette.config.VmSpec;
import vmette.errors.AttachException;
import vmette.errors.AttachException.Reason;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.stream.OutputChunk;

/** Detached commands in a real VM: outputs that are had from any offset, and the bytes or an exact gap, always. */
class ReplayIT {
    /** {@code -Dvmette.replay=200000000}: the output that clients come to three times. */
    private static final long BYTES = Long.getLong("vmette.replay", 24_000_000);

    private static final int RING = 256 << 10;

    /** What the runtime may hold of an output that nobody takes, at most 256 KiB each: the credit, and four chunks on their way. */
    private static final long IN_FLIGHT = 5 * (256 << 10);

    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        Guests.uploadProbe(vmette, vm);
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static DetachedExecution pattern(long bytes, WhenFull whenFull, String... gate) {
        List<String> command =
                new ArrayList<>(List.of("/tmp/vsock-probe", "pattern", Long.toString(bytes), "/tmp/progress"));
        command.addAll(List.of(gate));
        DetachedExecution started = vm.start(ExecSpec.of(command).detached(whenFull, RING));
        await(started.started());
        return started;
    }

    private static String text(Source<OutputChunk, ?> output) {
        return await(output.runFold(
                        ByteString.emptyByteString(),
                        (all, chunk) -> all.concat(((OutputChunk.Bytes) chunk).bytes()),
                        vmette.system()))
                .decodeString(StandardCharsets.UTF_8);
    }

    private static void awaitProgress(long offset) {
        String loop = "until [ $(cat /tmp/progress | sed 's/^0*//') -ge " + offset + " ]; do usleep 20000; done";
        assertThat(sh(vmette, vm, loop).status().code()).isZero();
    }

    /** Waits until the writer sleeps in its pipe and is where it was a second ago. */
    private static long awaitHeldBack(int pid) {
        Guests.Result held = sh(
                vmette,
                vm,
                "a=; while :; do b=$(cat /tmp/progress); "
                        + "[ \"$a\" = \"$b\" ] && [ \"$(cat /proc/" + pid + "/wchan)\" = pipe_write ] && break; "
                        + "a=$b; sleep 1; done; echo $b");
        assertThat(held.status().code()).isZero();
        return Long.parseLong(held.stdout().strip());
    }

    private static void assertRefused(CompletionStage<?> stage, Reason reason) {
        assertThatThrownBy(() -> await(stage))
                .asInstanceOf(InstanceOfAssertFactories.type(AttachException.class))
                .extracting(AttachException::reason)
                .isEqualTo(reason);
    }

    private static CompletionStage<?> ignored(Source<OutputChunk, ?> output) {
        return output.runWith(Sink.ignore(), vmette.system());
    }

    @Test
    void anOutputIsHadFromAnyOffsetAlsoAfterTheEnd() {
        DetachedExecution command =
                vm.start(ExecSpec.shell("echo hello; echo oops >&2; exit 7").detached(WhenFull.OVERWRITE));
        assertThat(await(command.status()).code()).isEqualTo(7);
        assertThat(text(command.attachStdout(0))).isEqualTo("hello\n");
        assertThat(text(command.attachStdout(3))).isEqualTo("lo\n");
        assertThat(text(command.attachStdout(6))).isEmpty();
        assertThat(text(command.attachStderr(0))).isEqualTo("oops\n");
        DetachedExecution again = await(vm.attach(command.id()));
        assertThat(text(again.attachStdout(0))).isEqualTo("hello\n");
        assertThat(await(again.status()).code()).isEqualTo(7);
        assertThat(await(again.started())).isEqualTo(await(command.started()));
        command.release();
        assertRefused(ignored(command.attachStdout(0)), Reason.RELEASED);
    }

    /** One part of the output, from where the former client left; it goes away in the midst of it, with bytes in flight. */
    private static Followed part(DetachedExecution command, Followed so, long until) {
        Source<OutputChunk, NotUsed> output = command.attachStdout(so.next());
        return await(output.takeWhile(chunk -> chunk.to() < until, true).runWith(so.sink(), vmette.system()));
    }

    @Test
    void threeAttachmentsToABlockingOutputGetEveryByte() {
        DetachedExecution command = pattern(BYTES, WhenFull.BLOCK);
        Followed followed = new Followed(0);
        part(command, followed, BYTES / 3);
        long first = followed.next();
        part(command, followed, BYTES * 2 / 3);
        long second = followed.next();
        part(command, followed, Long.MAX_VALUE);
        report("blocking", followed, first, second);
        assertThat(first).isLessThan(second);
        assertThat(followed.gaps()).isEmpty();
        assertThat(followed.received()).isEqualTo(BYTES);
        assertThat(await(command.status()).code()).isZero();
        command.release();
    }

    @Test
    void threeAttachmentsToAnOverwritingOutputGetTheBytesOrExactGaps() {
        // The writer waits half way, and so cannot come to its end before the second client does.
        DetachedExecution command = pattern(BYTES, WhenFull.OVERWRITE, "/tmp/halfway");
        Followed followed = new Followed(0);
        part(command, followed, BYTES / 4);
        long first = followed.next();
        awaitProgress(BYTES / 2);
        CompletableFuture<OutputChunk> there = new CompletableFuture<>();
        CompletionStage<Followed> reading = command.attachStdout(first)
                .map(chunk -> {
                    there.complete(chunk);
                    return chunk;
                })
                .takeWhile(chunk -> chunk.to() < BYTES / 8 * 5, true)
                .runWith(followed.sink(), vmette.system());
        await(there);
        assertThat(sh(vmette, vm, "touch /tmp/halfway").status().code()).isZero();
        await(reading);
        long second = followed.next();
        assertThat(await(command.status()).code()).isZero();
        part(command, followed, Long.MAX_VALUE);
        report("overwriting", followed, first, second);
        assertThat(followed.next()).isEqualTo(BYTES);
        assertThat(followed.received() + followed.lost()).isEqualTo(BYTES);
        // Nobody was attached while it wrote more than the ring holds, twice; the first one may have come late as well.
        assertThat(followed.gaps()).hasSizeBetween(2, 3);
        assertThat(followed.gaps()).last().extracting(OutputChunk.Gap::from).isEqualTo(second);
        // What the ring still held was had.
        assertThat(followed.gaps().get(followed.gaps().size() - 1).to()).isLessThanOrEqualTo(BYTES - RING);
        command.release();
    }

    private static void report(String kind, Followed followed, long first, long second) {
        System.out.printf(
                "replay, %s: %d bytes received and %d lost in %d gaps %s, attached anew at %d and %d%n",
                kind, followed.received(), followed.lost(), followed.gaps().size(), followed.gaps(), first, second);
    }

    @ParameterizedTest
    @ValueSource(strings = {"BLOCK", "OVERWRITE"})
    void anAttachedClientThatTakesNothingHoldsTheWriterBack(WhenFull whenFull) {
        long total = 16 << 20;
        // A gate, so that the client is there before the first byte.
        DetachedExecution command =
                vm.start(ExecSpec.shell("rm -f /tmp/gate; until [ -e /tmp/gate ]; do usleep 20000; done;"
                                + " exec /tmp/vsock-probe pattern " + total + " /tmp/progress")
                        .detached(whenFull, RING));
        int pid = await(command.started());
        SinkQueueWithCancel<OutputChunk> queue = command.attachStdout(0)
                .toMat(Sink.<OutputChunk>queue().addAttributes(Attributes.inputBuffer(1, 1)), Keep.right())
                .run(vmette.system());
        CompletionStage<java.util.Optional<OutputChunk>> head = queue.pull();
        assertThat(sh(vmette, vm, "sleep 1; touch /tmp/gate").status().code()).isZero();
        OutputChunk first = await(head).orElseThrow();
        assertThat(first.from()).isZero();
        long written = awaitHeldBack(pid);
        assertThat(written)
                .isLessThan(first.to() + IN_FLIGHT + RING + (128 << 10))
                .isLessThan(total);
        Followed followed = new Followed(first.to());
        for (var next = await(queue.pull()); next.isPresent(); next = await(queue.pull())) {
            await(Source.single(next.get()).runWith(followed.sink(), vmette.system()));
        }
        assertThat(followed.gaps()).isEmpty();
        assertThat(followed.next()).isEqualTo(total);
        assertThat(await(command.status()).code()).isZero();
        command.release();
    }

    @Test
    void aBlockingOutputHoldsTheWriterBackWhileNobodyIsAttached() {
        DetachedExecution command = pattern(4 << 20, WhenFull.BLOCK);
        long written = awaitHeldBack(await(command.started()));
        assertThat(written).isBetween((long) RING, (long) RING + (128 << 10));
        Followed followed = new Followed(0);
        part(command, followed, Long.MAX_VALUE);
        assertThat(followed.gaps()).isEmpty();
        assertThat(followed.received()).isEqualTo(4 << 20);
        assertThat(await(command.status()).code()).isZero();
        command.release();
    }

    @Test
    void aCommandOutlivesItsAttachmentAndItsStatusIsHadAfterwards() {
        DetachedExecution command =
                vm.start(ExecSpec.shell("trap 'echo bye; exit 9' TERM; echo ready; while :; do usleep 20000; done")
                        .detached(WhenFull.BLOCK));
        OutputChunk ready = await(command.attachStdout(0).runWith(Sink.head(), vmette.system()));
        assertThat(((OutputChunk.Bytes) ready).bytes().utf8String()).isEqualTo("ready\n");
        int pid = await(command.started());
        assertThat(sh(vmette, vm, "kill -0 " + pid).status().code()).isZero();
        command.signal(15);
        assertThat(await(await(vm.attach(command.id())).status()).code()).isEqualTo(9);
        assertThat(text(command.resumeStdout(ready.to()))).isEqualTo("bye\n");
        command.release();
    }

    @Test
    void aNewClientTakesOver() {
        DetachedExecution command =
                vm.start(ExecSpec.shell("echo one; until [ -e /tmp/go ]; do usleep 20000; done; echo two")
                        .detached(WhenFull.OVERWRITE));
        SinkQueueWithCancel<OutputChunk> former = command.resumeStdout(0)
                .toMat(Sink.<OutputChunk>queue().addAttributes(Attributes.inputBuffer(1, 1)), Keep.right())
                .run(vmette.system());
        assertThat(await(former.pull()).orElseThrow().to()).isEqualTo(4);
        CompletionStage<?> next = former.pull();
        CompletionStage<String> whole = command.attachStdout(0)
                .map(chunk -> ((OutputChunk.Bytes) chunk).bytes().utf8String())
                .runFold("", String::concat, vmette.system());
        assertRefused(next, Reason.TAKEN_OVER);
        assertThat(sh(vmette, vm, "touch /tmp/go").status().code()).isZero();
        assertThat(await(whole)).isEqualTo("one\ntwo\n");
        command.release();
    }

    @Test
    void aTerminalIsDetachedToo() {
        DetachedExecution command =
                vm.start(ExecSpec.shell("trap 'stty size; exit 4' WINCH; echo ready; while :; do usleep 20000; done")
                        .withTerminal(24, 80)
                        .detached(WhenFull.BLOCK));
        OutputChunk ready = await(command.attachStdout(0).runWith(Sink.head(), vmette.system()));
        command.resize(50, 132);
        assertThat(await(command.status()).code()).isEqualTo(4);
        assertThat(text(command.attachStdout(ready.to()))).endsWith("50 132\r\n");
        assertRefused(ignored(command.attachStderr(0)), Reason.NOT_KEPT);
        command.release();
    }

    @Test
    void whatCannotBeAttachedToIsATypedFailure() {
        assertRefused(vm.attach(987_654), Reason.UNKNOWN);
        DetachedExecution command =
                vm.start(ExecSpec.shell("echo out").mergingOutputs().detached(WhenFull.OVERWRITE));
        assertThat(await(command.status()).code()).isZero();
        assertRefused(ignored(command.attachStderr(0)), Reason.NOT_KEPT);
        assertRefused(ignored(command.attachStdout(5)), Reason.BEYOND_END);
        assertThatThrownBy(() -> command.attachStdout(-1)).isInstanceOf(InvalidConfigException.class);
        command.release();
        assertThatThrownBy(() -> await(vm.start(ExecSpec.of("true")).status()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("not detached");
        assertThatThrownBy(() -> await(
                        vm.exec(ExecSpec.of("true").detached(WhenFull.BLOCK)).status()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("start()");
        DetachedExecution none = vm.start(ExecSpec.of("/no/such/program").detached(WhenFull.BLOCK));
        assertThatThrownBy(() -> await(ignored(none.attachStdout(0))))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("/no/such/program");
        assertThatThrownBy(() -> await(none.status())).isInstanceOf(StartFailedException.class);
    }

    @Test
    void aReleaseGivesTheGuestsMemoryBack() {
        String free = "awk '/MemAvailable/ {print $2}' /proc/meminfo";
        long before = Long.parseLong(sh(vmette, vm, free).stdout().strip());
        for (int i = 0; i < 60; i++) {
            DetachedExecution command = vm.start(ExecSpec.of("/tmp/vsock-probe", "pattern", "1500000", "/dev/null")
                    .detached(WhenFull.OVERWRITE, 1 << 20));
            assertThat(await(command.status()).code()).isZero();
            command.release();
        }
        long after = Long.parseLong(sh(vmette, vm, free).stdout().strip());
        assertThat(after).isGreaterThan(before - (32 << 10));
    }

    @Test
    void ringsBeyondTheGuestsShareAreRefusedUntilOthersAreReleased() {
        List<DetachedExecution> kept = new ArrayList<>();
        StartFailedException refused = null;
        while (refused == null) {
            assertThat(kept).hasSizeLessThan(8);
            DetachedExecution command = vm.start(
                    ExecSpec.of("true").discardStderr().detached(WhenFull.BLOCK, ExecSpec.Replay.MAX_BYTES / 4));
            try {
                await(command.status());
                kept.add(command);
            } catch (StartFailedException e) {
                refused = e;
            }
        }
        assertThat(kept).isNotEmpty();
        assertThat(refused).hasMessageContaining("release detached commands");
        kept.forEach(DetachedExecution::release);
        DetachedExecution command = vm.start(ExecSpec.of("true").detached(WhenFull.BLOCK, ExecSpec.Replay.MIN_BYTES));
        assertThat(await(command.status()).code()).isZero();
        command.release();
    }

    @Test
    void theEndOfTheVmEndsWhatIsAttached() {
        VmHandle other = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        DetachedExecution command =
                other.start(ExecSpec.shell("echo one; sleep 1000").detached(WhenFull.BLOCK));
        SinkQueueWithCancel<OutputChunk> output = command.attachStdout(0)
                .toMat(Sink.<OutputChunk>queue().addAttributes(Attributes.inputBuffer(1, 1)), Keep.right())
                .run(vmette.system());
        assertThat(await(output.pull()).orElseThrow().to()).isEqualTo(4);
        CompletionStage<?> next = output.pull();
        await(other.stop());
        assertThatThrownBy(() -> await(next)).isInstanceOf(VmetteException.class);
        assertThatThrownBy(() -> await(command.status())).isInstanceOf(VmetteException.class);
        assertThatThrownBy(() -> await(ignored(command.attachStdout(0)))).isInstanceOf(VmetteException.class);
        assertThatThrownBy(() -> await(other.attach(command.id()))).isInstanceOf(VmetteException.class);
    }
}
