package vmette;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import akka.japi.Pair;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;
import vmette.errors.GuestConnectException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;

/** TCP connections into a real guest that has no network. */
class ForwardIT {
    private static final long MUCH = 64L << 20;

    private static Vmette vmette;
    private static VmHandle vm;

    private final List<Server> servers = new ArrayList<>();

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder()
                .memoryMib(256)
                .publish(0, 6000)
                .publish(0, 6001)
                .build()));
        Guests.upload(vmette, vm, "tcp-probe");
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    @AfterEach
    void closeServers() {
        servers.forEach(Server::close);
    }

    /** A server in the guest; what it prints after "listening" comes line by line. */
    private static final class Server {
        private final Execution execution;
        private final akka.stream.javadsl.SinkQueueWithCancel<String> lines;

        Server(VmHandle in, String how, int port) {
            execution = in.exec(ExecSpec.of("/tmp/tcp-probe", how, Integer.toString(port)));
            lines = execution
                    .stdout()
                    .via(akka.stream.javadsl.Framing.delimiter(ByteString.fromString("\n"), 1000))
                    .map(ByteString::utf8String)
                    .runWith(Sink.queue(), vmette.system());
            assertThat(line()).isEqualTo("listening");
        }

        String line() {
            return await(lines.pull()).orElseThrow();
        }

        void close() {
            execution.signalGroup(9);
            lines.cancel();
            await(execution.status());
        }
    }

    /** Runs until the test is over. */
    private Server server(String how, int port) {
        Server server = new Server(vm, how, port);
        servers.add(server);
        return server;
    }

    private static Socket dial(PortForward forward) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), forward.hostPort());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(Guests.DEADLINE_SECONDS));
        return socket;
    }

    private static PortForward forward(int guestPort) {
        return await(vm.forward(0, guestPort));
    }

    @Test
    void sixtyFourMebibytesThroughConnectTcpComeBackUnchanged() {
        server("echo", 7000);
        CompletionStage<String> digest =
                Guests.randomBytes(1, MUCH).via(vm.connectTcp(7000)).runWith(Guests.sha256(), vmette.system());
        assertThat(await(digest)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(1, MUCH)));
    }

    @Test
    void sixtyFourMebibytesThroughAHostPortComeBackUnchanged() throws Exception {
        server("echo", 7001);
        try (Socket socket = dial(forward(7001))) {
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                try {
                    OutputStream out = socket.getOutputStream();
                    Random random = new Random(2);
                    byte[] chunk = new byte[1 << 16];
                    for (long left = MUCH; left > 0; left -= chunk.length) {
                        random.nextBytes(chunk);
                        out.write(chunk);
                    }
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            java.security.MessageDigest digest = java.security.MessageDigest.getInstance("SHA-256");
            InputStream in = socket.getInputStream();
            byte[] chunk = new byte[1 << 16];
            long received = 0;
            for (int got; (got = in.read(chunk)) > 0; received += got) {
                digest.update(chunk, 0, got);
            }
            await(sent);
            assertThat(received).isEqualTo(MUCH);
            java.security.MessageDigest expected = java.security.MessageDigest.getInstance("SHA-256");
            Random random = new Random(2);
            for (long left = MUCH; left > 0; left -= chunk.length) {
                random.nextBytes(chunk);
                expected.update(chunk);
            }
            assertThat(HexFormat.of().formatHex(digest.digest()))
                    .isEqualTo(HexFormat.of().formatHex(expected.digest()));
        }
    }

    @Test
    void aServerThatEndsFirstStillHearsTheClient() throws Exception {
        Server server = server("greet", 7002);
        try (Socket socket = dial(forward(7002))) {
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo("hello\n".getBytes(US_ASCII));
            socket.getOutputStream().write(new byte[1 << 20]);
            socket.shutdownOutput();
            assertThat(server.line()).isEqualTo("end after 1048576");
        }
    }

    @Test
    void aClientThatSendsAndLeavesIsHeardToTheEnd() throws Exception {
        Server server = server("count", 7003);
        try (Socket socket = dial(forward(7003))) {
            socket.getOutputStream().write(new byte[3 << 20]);
        }
        assertThat(server.line()).isEqualTo("end after 3145728");
    }

    @Test
    void aClientsResetIsAResetInTheGuest() throws Exception {
        Server server = server("count", 7004);
        Socket socket = dial(forward(7004));
        socket.getOutputStream().write(new byte[5]);
        socket.setSoLinger(true, 0);
        socket.close();
        assertThat(server.line()).startsWith("reset after ");
    }

    @Test
    void aServersResetIsAResetForTheClient() throws Exception {
        server("abort", 7005);
        try (Socket socket = dial(forward(7005))) {
            socket.getOutputStream().write(1);
            assertThat(socket.getInputStream().readNBytes(4)).isEqualTo("half".getBytes(US_ASCII));
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        CompletionStage<String> answer = Guests.text(
                vmette,
                Source.single(ByteString.fromString("x")).concat(Source.maybe()).via(vm.connectTcp(7005)));
        assertThatThrownBy(() -> await(answer))
                .isInstanceOf(VsockResetException.class)
                .hasMessageContaining("7005")
                .hasMessageContaining("ECONNRESET");
    }

    @Test
    void whereNobodyListensIsToldAndTheClientIsReset() throws Exception {
        Pair<CompletionStage<akka.Done>, CompletionStage<akka.Done>> refused = Source.<ByteString>maybe()
                .viaMat(vm.connectTcp(7999), Keep.right())
                .toMat(Sink.ignore(), Keep.both())
                .run(vmette.system());
        for (CompletionStage<akka.Done> told : List.of(refused.first(), refused.second())) {
            assertThatThrownBy(() -> await(told))
                    .isInstanceOfSatisfying(GuestConnectException.class, failure -> assertThat(failure.errno())
                            .isEqualTo(111))
                    .hasMessageContaining("nobody listens on TCP port 7999");
        }
        try (Socket socket = dial(forward(7999))) {
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
    }

    @Test
    void aHundredConnectionsAreOpenAtOnce() throws Exception {
        server("echo", 7006);
        PortForward forward = forward(7006);
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            sockets.add(dial(forward));
            sockets.get(i).getOutputStream().write(("client " + i).getBytes(US_ASCII));
        }
        for (int i = 0; i < 100; i++) {
            byte[] expected = ("client " + i).getBytes(US_ASCII);
            assertThat(sockets.get(i).getInputStream().readNBytes(expected.length))
                    .isEqualTo(expected);
        }
        for (Socket socket : sockets) {
            socket.shutdownOutput();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            socket.close();
        }
    }

    @Test
    void aStalledClientHoldsBackItsOwnConnectionOnly() throws Exception {
        Server flood = server("flood", 7007);
        server("echo", 7008);
        try (Socket stalled = dial(forward(7007))) {
            String stuck = flood.line();
            assertThat(stuck).startsWith("stuck after ");
            // Buffers of two kernels, of the stream and of the device: what they hold is bounded, whatever it is.
            assertThat(Long.parseLong(stuck.substring("stuck after ".length()))).isLessThan(64 << 20);
            CompletionStage<String> digest =
                    Guests.randomBytes(3, 4 << 20).via(vm.connectTcp(7008)).runWith(Guests.sha256(), vmette.system());
            assertThat(await(digest)).isEqualTo(Guests.sha256Of(vmette, Guests.randomBytes(3, 4 << 20)));
            assertThat(stalled.getInputStream().readNBytes(32 << 20)).hasSize(32 << 20);
        }
    }

    @Test
    void stagesOfTheUsersGoInBetween() throws Exception {
        server("echo", 7009);
        Flow<ByteString, ByteString, akka.NotUsed> louder = Flow.<ByteString>create()
                .map(bytes -> ByteString.fromString(bytes.utf8String().toUpperCase(java.util.Locale.ROOT)));
        Pair<CompletionStage<PortForward>, CompletionStage<akka.Done>> running = vm.forwardSource(0, 7009)
                .toMat(
                        Sink.foreach(connection -> connection
                                .client()
                                .via(louder)
                                .join(connection.guest())
                                .run(vmette.system())),
                        Keep.both())
                .run(vmette.system());
        PortForward forward = await(running.first());
        assertThat(forward.guestPort()).isEqualTo(7009);
        try (Socket socket = dial(forward)) {
            socket.getOutputStream().write("quiet".getBytes(US_ASCII));
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo("QUIET".getBytes(US_ASCII));
        }
        await(forward.close());
        await(running.second());
        assertThatThrownBy(() -> dial(forward)).isInstanceOf(ConnectException.class);
    }

    @Test
    void aPortThatIsTakenIsRefusedByName() {
        PortForward first = forward(7010);
        assertThatThrownBy(() -> await(vm.forward(first.hostPort(), 7010)))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("port " + first.hostPort() + " of 127.0.0.1")
                .hasMessageContaining("in use");
        await(first.close());
        await(await(vm.forward(first.hostPort(), 7010)).close());
    }

    @Test
    void manyConnectionsLeaveNoDescriptorInTheGuest() throws Exception {
        server("echo", 7011);
        PortForward forward = forward(7011);
        int before = stableDescriptors();
        for (int round = 0; round < 4; round++) {
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                Socket socket = dial(forward);
                socket.getOutputStream().write(i);
                sockets.add(socket);
            }
            for (Socket socket : sockets) {
                assertThat(socket.getInputStream().read()).isNotNegative();
                // Every other one ends in disorder.
                socket.setSoLinger(round % 2 == 0, 0);
                socket.close();
            }
        }
        // The counting commands' own connections come and go; of 200 that were forgotten there would be no doubt.
        assertThat(stableDescriptors()).isLessThan(before + 20);
    }

    /** How many the agent has, once that has stopped changing. */
    private static int stableDescriptors() {
        Guests.Result result = Guests.sh(
                vmette,
                vm,
                "last=; same=0; while [ $same -lt 20 ]; do now=$(ls /proc/1/fd | wc -l); usleep 50000;"
                        + " if [ \"$now\" = \"$last\" ]; then same=$((same+1)); else same=0; fi; last=$now; done; echo $now");
        assertThat(result.status().code()).isZero();
        return Integer.parseInt(result.stdout().strip());
    }

    @Test
    void whatTheSpecificationPublishesIsOpenWhenTheVmIsReady() throws Exception {
        assertThat(vm.published()).extracting(PortForward::guestPort).containsExactly(6000, 6001);
        server("greet", 6001);
        try (Socket socket = dial(vm.published().get(1))) {
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo("hello\n".getBytes(US_ASCII));
        }
    }

    @Test
    void theEndOfTheVmClosesThePortAndResetsTheConnections() throws Exception {
        VmHandle other = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        Guests.upload(vmette, other, "tcp-probe");
        new Server(other, "echo", 7000);
        PortForward forward = await(other.forward(0, 7000));
        try (Socket socket = dial(forward)) {
            socket.getOutputStream().write(7);
            assertThat(socket.getInputStream().read()).isEqualTo(7);
            // A panic, for in an orderly stop the server may end its connection in order.
            other.exec("echo c > /proc/sysrq-trigger");
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
        }
        await(other.ended());
        await(forward.whenClosed());
        assertThatThrownBy(() -> dial(forward)).isInstanceOf(ConnectException.class);
        assertThatThrownBy(() -> await(other.forward(0, 7000))).isInstanceOf(VmLostException.class);
        assertThatThrownBy(() ->
                        await(Guests.text(vmette, Source.<ByteString>empty().via(other.connectTcp(7000)))))
                .isInstanceOfAny(VmLostException.class, VsockException.class);
    }
}
