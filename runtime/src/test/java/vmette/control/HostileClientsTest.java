package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.control.ControlFixture.SECONDS;
import static vmette.control.ControlFixture.async;
import static vmette.control.ControlFixture.get;
import static vmette.control.ControlFixture.next;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.control.ControlledCommand.Exit;
import vmette.errors.InvalidConfigException;
import vmette.stream.Await;

/** Clients that leave, say nothing, take nothing or say too much: what they cost, and whom. Time is the test's. */
class HostileClientsTest {
    private final BlockingQueue<Runnable> requestTimes = new LinkedBlockingQueue<>();
    private final BlockingQueue<Runnable> lastWordTimes = new LinkedBlockingQueue<>();
    private final CountDownLatch paused = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private ControlFixture fixture;

    @BeforeEach
    void start() {
        fixture = new ControlFixture(new Bounds(
                new Patience(requestTimes::add),
                new Patience(lastWordTimes::add),
                () -> new Pace(() -> 0, this::pause)));
    }

    @AfterEach
    void stop() throws IOException {
        goOn.countDown();
        fixture.close();
    }

    /** No time passes, and so the pace allows no more: the first to wait waits for the test's end. */
    private void pause(long nanos) {
        paused.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IllegalStateException("the test is over");
    }

    private ControlConnection silent() throws IOException {
        return new ControlConnection(SocketChannel.open(new Runtimes.Peer(fixture.directory.path()).address()));
    }

    private static CompletableFuture<ControlFrame> answer(ControlConnection client) {
        return async(() -> {
            try {
                return client.read();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    private static void assertClosed(ControlConnection client) {
        assertThatThrownBy(() -> get(answer(client))).hasRootCauseInstanceOf(IOException.class);
        client.close();
    }

    private static void assertFull(ControlConnection client) {
        assertThat(get(answer(client)))
                .isInstanceOfSatisfying(ControlFrame.Failed.class, failed -> assertThat(failed.reason())
                        .isEqualTo("EAGAIN"));
        client.close();
    }

    private interface Asking {
        ControlConnection ask() throws IOException;
    }

    /** Asks until it is begun: a place is free some time after whoever had it has left. */
    private static void untilBegun(Asking asking, BlockingQueue<?> begun) throws Exception {
        long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (true) {
            ControlConnection client = asking.ask();
            CompletableFuture<ControlFrame> refused = answer(client);
            Object begins = null;
            while (begins == null && !refused.isDone()) {
                begins = begun.poll(10, TimeUnit.MILLISECONDS);
            }
            client.close();
            if (begins != null) {
                return;
            }
            assertThat(System.nanoTime()).as("every place is held").isLessThan(last);
        }
    }

    @Test
    void ordersWhoseClientsHaveLeftKeepOutNobody() throws Exception {
        for (int i = 0; i < 2 * Kind.ORDER.limit; i++) {
            untilBegun(() -> fixture.connect("restart", "web"), fixture.vm.orders);
        }
        for (int i = 0; i < 2 * Kind.STOP.limit; i++) {
            untilBegun(() -> fixture.connect("stop", "web"), fixture.vm.orders);
        }
        fixture.vm.stopped.complete(Facts.of("how", "stopped"));
    }

    /** Nothing happens meanwhile that would have to be sent. */
    @Test
    void soDoChangesOfFleets() throws Exception {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        for (int i = 0; i < 2 * Kind.ORDER.limit; i++) {
            untilBegun(
                    () -> {
                        ControlConnection client = fixture.connect("apply", "shop");
                        client.write(new ControlFrame.Data("{}".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
                        client.write(new ControlFrame.End());
                        client.write(new ControlFrame.Answer(List.of("go")));
                        assertAnswers(client, 2);
                        return client;
                    },
                    fleet.applied);
        }
    }

    /** Its steps, or a refusal, which is not its last word here. */
    private static void assertAnswers(ControlConnection client, int many) throws IOException {
        for (int i = 0; i < many; i++) {
            if (!(client.read() instanceof ControlFrame.Answer)) {
                return;
            }
        }
    }

    @Test
    void whoSaysNothingIsClosedInTheEnd() throws Exception {
        ControlConnection client = silent();
        next(requestTimes).run();
        assertClosed(client);
    }

    @Test
    void whoHasSaidWhatHeWantsMayStay() throws Exception {
        ControlConnection client = fixture.connect("events", "", "follow");
        fixture.runtime.events.add(Facts.of("event", "began"));
        assertThat(get(answer(client))).isEqualTo(new ControlFrame.Answer(List.of("event", "began")));
        next(requestTimes).run();
        fixture.runtime.events.add(Facts.of("event", "ready"));
        assertThat(get(answer(client))).isEqualTo(new ControlFrame.Answer(List.of("event", "ready")));
        client.close();
    }

    /** Silent ones and all others together. */
    @Test
    void soManyConnectionsAndNoMore() throws Exception {
        List<ControlConnection> clients = new ArrayList<>();
        for (int i = 0; i < ControlServer.MAX_CONNECTIONS; i++) {
            clients.add(silent());
            next(requestTimes);
        }
        assertFull(silent());
        clients.remove(0).close();
        // Its place is free again once its thread has noticed.
        untilServed();
        clients.forEach(ControlConnection::close);
    }

    private void untilServed() throws Exception {
        long last = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (true) {
            try (ControlConnection client = fixture.connect("ps", "")) {
                if (client.read() instanceof ControlFrame.Succeeded) {
                    return;
                }
            } catch (IOException refused) {
                // Told so, and closed, before all was written.
            }
            assertThat(System.nanoTime()).as("every connection is held").isLessThan(last);
        }
    }

    @Test
    void aCommandThatIsNeverToldKeepsNoPlace() throws Exception {
        List<ControlConnection> clients = new ArrayList<>();
        List<Runnable> times = new ArrayList<>();
        for (int i = 0; i < Kind.COMMAND.limit; i++) {
            ControlConnection client = fixture.connect("exec", "web");
            client.write(new ControlFrame.Answer(List.of("arguments", "true")));
            clients.add(client);
            times.add(next(requestTimes));
        }
        // Not by asking: whoever asks too soon has the place of one of them.
        Await.until("all have their places", () -> fixture.server.free(Kind.COMMAND) == 0);
        assertFull(fixture.connect("exec", "web"));
        times.forEach(Runnable::run);
        clients.forEach(HostileClientsTest::assertClosed);
        assertThat(fixture.vm.commands).isEmpty();
        untilBegun(this::command, fixture.vm.commands);
    }

    @Test
    void soDoesAFleetThatIsNeverTold() throws Exception {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        ControlConnection client = fixture.connect("apply", "shop");
        client.write(new ControlFrame.Data(new byte[] {'{'}));
        next(requestTimes).run();
        assertClosed(client);
        assertThat(fleet.planned).isEmpty();
    }

    private ControlConnection command() throws IOException {
        return fixture.exec(ExecSpec.of("cat"));
    }

    /** More than the socket holds waits for it, and less than its credit. */
    @Test
    void whoDoesNotTakeHowHisCommandEndedIsClosedInTheEnd() throws Exception {
        fixture.vm.stdout = Source.range(1, 7).map(i -> ByteString.fromArray(new byte[Credit.CHUNK]));
        fixture.vm.stderr = Source.range(1, 7).map(i -> ByteString.fromArray(new byte[Credit.CHUNK]));
        ControlConnection client = command();
        FakeVm.Command command = next(fixture.vm.commands);
        command.started.complete(1);
        command.exit.complete(new Exit(false, 0, false));
        Runnable time = next(lastWordTimes);
        assertThat(command.terminated).isNotDone();
        time.run();
        get(command.terminated);
        client.close();
    }

    @Test
    void aClientThatOrdersWithoutEndIsReadLater() throws Exception {
        ControlConnection client = command();
        FakeVm.Command command = next(fixture.vm.commands);
        for (int i = 0; i < 4 * Pace.AT_ONCE; i++) {
            client.write(new ControlFrame.Answer(List.of(i % 2 == 0 ? "signal" : "signal-group", "28")));
        }
        assertThat(paused.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(command.told).hasSize(Pace.AT_ONCE);
        client.close();
    }

    @Test
    void aConfigurationAsDeepAsItIsLongIsRefused() throws Exception {
        FakeFleet fleet = new FakeFleet();
        fixture.server.publish(fleet);
        for (String deep : List.of("[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), "\"[\\\"[\" {".repeat(65))) {
            try (ControlCall call = fixture.call("apply", "shop")) {
                call.content(deep);
                assertThatThrownBy(call::next)
                        .isInstanceOf(InvalidConfigException.class)
                        .hasMessageContaining("more than 64 deep is refused");
            }
        }
        assertThat(fleet.planned).isEmpty();
        for (String flat : List.of("[]".repeat(1000), "\"" + "[".repeat(1000) + "\"", "{".repeat(64))) {
            try (ControlCall call = fixture.call("apply", "shop")) {
                call.content(flat);
                assertThat(call.next()).isPresent();
            }
            assertThat(next(fleet.planned)).isEqualTo(flat);
        }
    }
}
