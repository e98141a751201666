package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import akka.japi.Pair;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.actors.VmFailure;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.stream.Vsock;

/** vsock streams to and from a real guest's programs. */
class VsockStreamsIT {
    private static final long QUARTER_GIB = 256L << 20;

    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).vsockPort(0).build()));
        Guests.uploadProbe(vmette, vm);
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static Execution probe(String... arguments) {
        String[] command = new String[arguments.length + 1];
        command[0] = "/tmp/vsock-probe";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return vm.exec(ExecSpec.of(command));
    }

    /** Starts the guest's echo server and waits until it listens. */
    private static Execution echoServer(int port) {
        Execution server = probe("echo", Integer.toString(port));
        ByteString word = await(server.stdout().runWith(Sink.head(), vmette.system()));
        assertThat(word.utf8String()).isEqualTo("listening\n");
        return server;
    }

    @Test
    void aQuarterGibibyteThroughConnectComesBackUnchanged() {
        Execution server = echoServer(7001);
        CompletionStage<String> digest = Guests.randomBytes(3, QUARTER_GIB)
                .via(vm.vsock().connect(7001))
                .runWith(Guests.sha256(), vmette.system());
        assertThat(await(digest)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(3, QUARTER_GIB)));
        assertThat(await(server.status()).code()).isZero();
    }

    @Test
    void aQuarterGibibyteThroughBindComesBackUnchanged() {
        Pair<CompletionStage<Vsock.Binding>, CompletionStage<Vsock.IncomingConnection>> bound =
                vm.vsock().bind(7002, 4, true).toMat(Sink.head(), Keep.both()).run(vmette.system());
        assertThat(await(bound.first()).port()).isEqualTo(7002);
        Execution dialler = probe("dial", "7002");
        // The guest's program joins its stdin and stdout to the connection, so what we send to the one comes by the
        // other.
        Vsock.IncomingConnection connection = await(bound.second());
        assertThat(connection.remoteAddress().cid()).isEqualTo(3);
        CompletionStage<String> arrived =
                Guests.randomBytes(4, QUARTER_GIB).via(connection.flow()).runWith(Guests.sha256(), vmette.system());
        Guests.randomBytes(5, QUARTER_GIB).runWith(dialler.stdin(), vmette.system());
        CompletionStage<String> printed = dialler.stdout().runWith(Guests.sha256(), vmette.system());
        assertThat(await(arrived)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(5, QUARTER_GIB)));
        assertThat(await(printed)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(4, QUARTER_GIB)));
        assertThat(await(dialler.status()).code()).isZero();
    }

    @Test
    void aGuestThatHasEndedItsHalfIsStillSentTo() {
        Pair<CompletionStage<Vsock.Binding>, CompletionStage<Vsock.IncomingConnection>> bound =
                vm.vsock().bind(7008, 4, true).toMat(Sink.head(), Keep.both()).run(vmette.system());
        await(bound.first());
        Execution dialler = probe("dial", "7008");
        Source.<ByteString>empty().runWith(dialler.stdin(), vmette.system());
        CompletionStage<String> printed = dialler.stdout().runWith(Guests.sha256(), vmette.system());
        CompletableFuture<ByteString> go = new CompletableFuture<>();
        CompletionStage<akka.Done> guestsEnd = Source.completionStage(go)
                .concat(Guests.randomBytes(6, 1 << 20))
                .via(await(bound.second()).flow())
                .runWith(Sink.ignore(), vmette.system());
        await(guestsEnd);
        ByteString first = ByteString.fromString("after the end");
        go.complete(first);
        assertThat(await(printed))
                .isEqualTo(Guests.sha256Of(vmette, Source.single(first).concat(Guests.randomBytes(6, 1 << 20))));
        assertThat(await(dialler.status()).code()).isZero();
    }

    @Test
    void messagesKeepTheirBoundariesBothWays() {
        Execution server = probe("messages", "7011");
        assertThat(await(server.stdout().runWith(Sink.head(), vmette.system())).utf8String())
                .isEqualTo("listening\n");
        List<Integer> lengths = List.of(1, 2, 4096, 30_000, 3, 60_000, 1);
        CompletionStage<List<ByteString>> echoed = Source.from(lengths)
                .map(length -> ByteString.fromArray(new byte[length]))
                .via(vm.vsock().connectSeqpacket(7011))
                .runWith(Sink.seq(), vmette.system());
        assertThat(await(echoed)).extracting(ByteString::length).isEqualTo(lengths);

        await(vm.vsock()
                .bindSeqpacket(7012)
                .to(Sink.foreach(
                        connection -> connection.flow().join(Flow.create()).run(vmette.system())))
                .run(vmette.system()));
        Execution asking = probe("ask", "7012");
        assertThat(await(Guests.text(vmette, asking.stdout())))
                .isEqualTo("1 same\n10 same\n1000 same\n50000 same\n80000 same\ntoo long\n");
        assertThat(await(asking.status()).code()).isZero();
        // a stream is refused where messages are wanted
        assertThat(await(probe("dial", "7012").status()).code()).isEqualTo(1);
    }

    @Test
    void aSinkWithoutDemandBlocksTheGuestsWrite() {
        Pair<CompletionStage<Vsock.Binding>, CompletionStage<Vsock.IncomingConnection>> bound =
                vm.vsock().bind(7003, 4, true).toMat(Sink.head(), Keep.both()).run(vmette.system());
        await(bound.first());
        // The guest counts what it could write; without demand that stays at the credit, the pipe and the probe's own
        // buffer.
        Execution writer = vm.exec(ExecSpec.shell(
                "yes | (while head -c 65536; do echo >> /tmp/written; done) |" + " /tmp/vsock-probe dial 7003 & wait"));
        Vsock.IncomingConnection connection = await(bound.second());
        CompletableFuture<Void> demand = new CompletableFuture<>();
        AtomicLong received = new AtomicLong();
        CompletionStage<akka.Done> done = Source.<ByteString>maybe()
                .via(connection.flow())
                .mapAsync(1, bytes -> demand.thenApply(go -> bytes))
                .takeWhile(bytes -> received.addAndGet(bytes.size()) < (8 << 20))
                .runWith(Sink.ignore(), vmette.system());
        String stalled = stableCount();
        assertThat(Long.parseLong(stalled) * 65536).isBetween(65536L, 4L << 20);
        demand.complete(null);
        await(done);
        assertThat(received.get()).isGreaterThanOrEqualTo(8 << 20);
        writer.signalGroup(9);
        await(writer.status().handle((status, failure) -> 0));
    }

    /** How often the guest wrote, once that has stopped growing. */
    private static String stableCount() {
        Guests.Result result = Guests.sh(
                vmette,
                vm,
                "while [ ! -e /tmp/written ]; do usleep 10000; done; last=; same=0;"
                        + " while [ $same -lt 20 ]; do now=$(wc -l < /tmp/written); usleep 50000;"
                        + " if [ \"$now\" = \"$last\" ]; then same=$((same+1)); else same=0; fi; last=$now; done; echo $now");
        assertThat(result.status().code()).isZero();
        return result.stdout().strip();
    }

    @Test
    void dialingAPortWithoutListenerFailsTyped() {
        CompletionStage<String> answer =
                Guests.text(vmette, Source.<ByteString>empty().via(vm.vsock().connect(7999)));
        assertThatThrownBy(() -> await(answer))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("7999");
    }

    @Test
    void aPortNobodyBoundIsRefused() {
        Execution dialler = probe("dial", "7004");
        assertThat(await(Guests.text(vmette, dialler.stderr()))).contains("reset");
        assertThat(await(dialler.status()).code()).isEqualTo(1);
    }

    @Test
    void theVsockPortEchoesWithoutAHandler() {
        Guests.Result result =
                Guests.sh(vmette, vm, "echo hello | /tmp/vsock-probe dial $VMETTE_VSOCK_PORT; echo $VMETTE_VSOCK_PORT");
        assertThat(result.stdout()).isEqualTo("hello\n" + vm.vsockPort().orElseThrow() + "\n");
        assertThat(vm.vsockPort().orElseThrow()).isBetween(50_000, 59_999);
    }

    @Test
    void aGuestsProgramThatDiesResetsOrEndsItsConnection() {
        Pair<CompletionStage<Vsock.Binding>, CompletionStage<Vsock.IncomingConnection>> bound =
                vm.vsock().bind(7005, 4, true).toMat(Sink.head(), Keep.both()).run(vmette.system());
        await(bound.first());
        Execution dialler = probe("dial", "7005");
        Vsock.IncomingConnection connection = await(bound.second());
        CompletionStage<String> ended =
                Guests.text(vmette, Source.<ByteString>maybe().via(connection.flow()));
        await(dialler.started());
        dialler.signal(9);
        assertThat(await(ended.exceptionally(failure -> ""))).isEmpty();
        assertThat(await(dialler.status()).code()).isEqualTo(137);
    }

    @Test
    void manyConnectionsAtOnce() {
        Pair<CompletionStage<Vsock.Binding>, CompletionStage<akka.Done>> echoing = vm.vsock()
                .bind(7006, 64, true)
                .toMat(
                        Sink.foreach(connection -> connection
                                .flow()
                                .join(Flow.<ByteString>create())
                                .run(vmette.system())),
                        Keep.both())
                .run(vmette.system());
        Vsock.Binding binding = await(echoing.first());
        Guests.Result result =
                Guests.sh(vmette, vm, "for i in $(seq 30); do (echo $i | /tmp/vsock-probe dial 7006) & done; wait");
        assertThat(result.stdout().lines().mapToInt(Integer::parseInt).sum()).isEqualTo(30 * 31 / 2);
        await(binding.unbind());
        await(echoing.second());
    }

    @Test
    void portsBoundBeforeBootAreInForceFromTheStartAndFallWithTheVm() {
        CompletableFuture<Vsock.IncomingConnection> first = new CompletableFuture<>();
        VmHandle other = await(vmette.launch(VmSpec.builder().memoryMib(128).build(), early -> early.vsock()
                .bind(4242, 4, true)
                .to(Sink.foreach(first::complete))
                .run(vmette.system())));
        Guests.uploadProbe(vmette, other);
        Execution dialler = other.exec(ExecSpec.of("/tmp/vsock-probe", "dial", "4242"));
        CompletionStage<String> open =
                Guests.text(vmette, Source.<ByteString>maybe().via(await(first).flow()));
        await(dialler.started());
        // A panic, for an orderly stop would end the connection in order.
        other.exec("echo c > /proc/sysrq-trigger");
        assertThatThrownBy(() -> await(open)).isInstanceOf(VsockResetException.class);
        assertThat(await(other.ended()).failure().orElseThrow().cause()).isInstanceOf(VmFailure.GuestPanic.class);
        assertThatThrownBy(() -> await(dialler.status())).isInstanceOf(vmette.errors.VmLostException.class);
    }
}
