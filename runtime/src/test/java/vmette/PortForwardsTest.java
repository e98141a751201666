package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.actors.VmTicket;
import vmette.actors.VmVsock;
import vmette.config.ForwardSettings;
import vmette.config.PublishedPort;
import vmette.config.VmSpec;
import vmette.errors.GuestConnectException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.stream.GuestTcp;
import vmette.stream.SystemStreams;

/** Forwarded ports whose guest refuses, sooner or later. */
class PortForwardsTest {
    private static final int DEADLINE_SECONDS = 60;

    private final ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "forwards", ConfigFactory.load());
    private final VmTicket vm =
            VmTicket.create("probe", VmSpec.builder().build(), new VmVsock("probe"), Optional.empty());
    private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private final GuestTcp tcp = new GuestTcp(vm.vsock(), Duration.ofSeconds(5), port -> {
        Asked connection = new Asked(port, new CompletableFuture<>(), new CompletableFuture<>());
        asked.add(connection);
        return connection;
    });

    private record Asked(int port, CompletableFuture<Void> outcome, CompletableFuture<Boolean> over)
            implements GuestTcp.Connecting {
        @Override
        public CompletionStage<Void> connected() {
            return outcome;
        }

        @Override
        public CompletionStage<VsockException> lost() {
            return new CompletableFuture<>();
        }

        @Override
        public byte[] opening() {
            return new byte[0];
        }

        @Override
        public void ended(boolean joined) {
            over.complete(joined);
        }

        void refuse() {
            outcome.completeExceptionally(new GuestConnectException(111, "nobody listens"));
        }
    }

    @AfterEach
    void stop() {
        system.terminate();
        await(system.getWhenTerminated());
    }

    private PortForwards forwards(int maxConnections) {
        return new PortForwards(
                vm,
                tcp,
                new ForwardSettings(Duration.ofSeconds(10), maxConnections, 16),
                new SystemStreams(CompletableFuture.completedStage(system)));
    }

    private static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture()
                    .orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private Asked nextAsked() throws InterruptedException {
        Asked next = asked.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        assertThat(next).as("a connection asked of the guest").isNotNull();
        return next;
    }

    private static Socket dial(PortForward forward) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), forward.hostPort());
        socket.setSoTimeout(DEADLINE_SECONDS * 1000);
        return socket;
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void aRefusedClientIsResetAndTheNextIsServed() throws Exception {
        PortForward forward = await(forwards(4).open(new PublishedPort(0, 80)));
        for (int i = 0; i < 3; i++) {
            try (Socket socket = dial(forward)) {
                Asked connection = nextAsked();
                assertThat(connection.port()).isEqualTo(80);
                connection.refuse();
                assertReset(socket);
            }
        }
    }

    @Test
    void aClientThatLeavesMeanwhileIsGivenUp() throws Exception {
        PortForward forward = await(forwards(4).open(new PublishedPort(0, 80)));
        Socket socket = dial(forward);
        Asked connection = nextAsked();
        socket.setSoLinger(true, 0);
        socket.close();
        assertThat(await(connection.over())).isFalse();
    }

    @Test
    void oneBeyondTheMostWaitsForAnothersEnd() throws Exception {
        PortForward forward = await(forwards(1).open(new PublishedPort(0, 80)));
        try (Socket first = dial(forward);
                Socket second = dial(forward)) {
            Asked connection = nextAsked();
            // The second is asked for as the consequence of the first one's end, whichever of the two that was.
            assertThat(asked).isEmpty();
            connection.refuse();
            assertReset(first);
            nextAsked().refuse();
            assertReset(second);
        }
    }

    @Test
    void thePortClosesWithTheVmAndIsNotOpenedAgain() throws Exception {
        PortForwards forwards = forwards(4);
        PortForward forward = await(forwards.open(new PublishedPort(0, 80)));
        assertThat(forward.whenClosed().toCompletableFuture()).isNotDone();
        vm.ending().complete(new VmEnd(VmEnd.How.STOPPED, Optional.empty()));
        await(forward.whenClosed());
        assertThatThrownBy(() -> dial(forward)).isInstanceOf(ConnectException.class);
        assertThatThrownBy(() -> await(forwards.open(new PublishedPort(0, 80)))).isInstanceOf(VmLostException.class);
    }

    @Test
    void closingIsIdempotentAndFreesThePort() {
        PortForwards forwards = forwards(4);
        PortForward forward = await(forwards.open(new PublishedPort(0, 80)));
        await(forward.close());
        await(forward.close());
        PortForward again = await(forwards.open(new PublishedPort(forward.hostPort(), 81)));
        assertThat(again.hostPort()).isEqualTo(forward.hostPort());
        assertThat(again.guestPort()).isEqualTo(81);
    }

    @Test
    void whatIsPublishedIsOpenInItsOrderOrNotAtAll() throws Exception {
        PortForwards forwards = forwards(4);
        List<PortForward> open = await(forwards.publish(List.of(new PublishedPort(0, 80), new PublishedPort(0, 81))));
        assertThat(open).extracting(PortForward::guestPort).containsExactly(80, 81);
        assertThat(forwards.published()).isEqualTo(open);
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> await(forwards(4)
                            .publish(List.of(new PublishedPort(0, 80), new PublishedPort(taken.getLocalPort(), 81)))))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("port " + taken.getLocalPort() + " of 127.0.0.1")
                    .hasMessageEndingWith(
                            ": Address already in use: end what listens there, or take another host port, or 0 for a free one");
        }
    }
}
