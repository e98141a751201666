package vmette.vsock;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.linux.OpenFds;
import vmette.linux.PeerCredentials;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRam;

/** The whole device over a real socket and real rings, stepped on the test's own thread. */
class VsockDeviceTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private final List<String> broken = new ArrayList<>();
    private Set<String> before;
    private long now;
    private DeviceLoop loop;
    private VsockDevice device;
    private RingGuest guest;
    private GuestRam ram;
    private VsockBudget budget;

    GuestRam ram() {
        return GuestRam.create(0, RingGuest.RAM);
    }

    private GuestMemorySource memory(PeerCredentials peer) {
        return (regions, files) -> ram.source().open(regions, files);
    }

    private RingGuest connect(Path socket) {
        ram = ram();
        return RingGuest.connect(socket, this::step, ram);
    }

    @BeforeEach
    void start() {
        before = OpenFds.ours();
        loop = new DeviceLoop(() -> now, failure -> broken.add("loop " + failure));
        budget = new VsockBudget(64L * MIB);
        device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(budget), loop);
        device.onBroken(broken::add);
        device.listen(directory.resolve("vs"), this::memory, pid -> true);
        step();
        guest = connect(directory.resolve("vs"));
    }

    @AfterEach
    void nothingIsLeft() {
        device.close();
        device.close();
        step();
        assertThat(device.closed().toCompletableFuture()).isCompleted();
        guest.close();
        loop.close();
        assertThat(budget.reserved()).isZero();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private void step() {
        int turns = 0;
        while (loop.doWork(Duration.ZERO)) {
            assertThat(turns++).as("turns without end").isLessThan(100_000);
        }
    }

    private void until(BooleanSupplier condition) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            assertThat(i).as("rounds").isLessThan(100_000);
            guest.turn();
            step();
        }
    }

    private RecordingHandler guestDials(RecordingHandler handler) {
        VsockHost.Listener listener = device.host().listen(HOST, 1, request -> request.accept(handler));
        guest.dial(GUEST, HOST);
        until(() -> guest.isOpen(GUEST, HOST) && handler.channel != null);
        listener.close();
        return handler;
    }

    @Test
    void countsWhatTheGuestSaysAndNotItsHousekeeping() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        assertThat(device.payloads()).isZero();
        guest.write(GUEST, HOST, "one".getBytes(US_ASCII));
        until(() -> device.payloads() == 1);
        handler.channel.write("two".getBytes(US_ASCII), 0, 3);
        until(() -> guest.received(GUEST, HOST).length == 3);
        assertThat(device.payloads()).isEqualTo(1);
    }

    @Test
    void countsBytesAndConnections() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        assertThat(device.host().counts()).isEqualTo(new VsockCounts(1, 0, 0));
        guest.write(GUEST, HOST, "three".getBytes(US_ASCII));
        until(() -> device.payloads() == 1);
        handler.channel.write("to".getBytes(US_ASCII), 0, 2);
        until(() -> guest.received(GUEST, HOST).length == 2);
        assertThat(device.host().counts()).isEqualTo(new VsockCounts(1, 5, 2));
        device.close();
        until(() -> device.closed().toCompletableFuture().isDone());
        assertThat(device.host().counts()).isEqualTo(new VsockCounts(0, 5, 2));
    }

    private static byte[] digest(byte[] data) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    @Test
    void configurationIsTheCid() {
        assertThat(guest.config()).containsExactly(RingGuest.CID, 0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void hostDialsGuestThatAnswersAndGuestDialsHost() {
        guest.listen(GUEST);
        RecordingHandler handler = RecordingHandler.demanding(100);
        device.host().connect(GUEST, TIMEOUT, handler);
        until(() -> handler.events.contains("open"));
        int hostPort = handler.channel.local().port();
        handler.channel.write("ping".getBytes(US_ASCII), 0, 4);
        until(() -> guest.received(GUEST, hostPort).length == 4);
        guest.write(GUEST, hostPort, "pong".getBytes(US_ASCII));
        until(() -> handler.received.size() == 4);
        assertThat(handler.received).hasToString("pong");

        RecordingHandler nobody = new RecordingHandler();
        device.host().connect(99, TIMEOUT, nobody);
        until(nobody::over);
        assertThat(nobody.cause).hasMessageContaining("refused");
        guestDials(new RecordingHandler());
    }

    @Test
    void aDialMadeBeforeTheDriverIsUpWaitsForIt() {
        guest.close();
        step();
        broken.clear();
        device.close();
        step();
        device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(budget), loop);
        Path socket = directory.resolve("vs2");
        device.listen(socket, this::memory, pid -> true);
        RecordingHandler handler = new RecordingHandler();
        device.host().connect(GUEST, TIMEOUT, handler);
        step();
        guest = connect(socket);
        guest.listen(GUEST);
        until(() -> handler.events.contains("open"));
    }

    @Test
    void eightMebibytesEachWayArriveWholeAtOnce() throws Exception {
        RecordingHandler handler = guestDials(RecordingHandler.demanding(100_000));
        byte[] up = MuxerHarness.bytes(8 * MIB, 1);
        byte[] down = MuxerHarness.bytes(8 * MIB, 2);
        guest.write(GUEST, HOST, up);
        guest.shutdown(GUEST, HOST, VsockHeader.SHUTDOWN_SEND);
        for (int at = 0; at < down.length; at += MIB) {
            handler.channel.write(down, at, MIB);
        }
        handler.channel.shutdownOutput();
        until(handler::over);
        until(() -> guest.isGone(GUEST, HOST));

        assertThat(digest(handler.received.toByteArray())).isEqualTo(digest(up));
        assertThat(digest(guest.received(GUEST, HOST))).isEqualTo(digest(down));
        assertThat(handler.marks()).startsWith("open").endsWith("end", "closed").doesNotContain("reset", "refused");
        assertThat(guest.calls()).as("calls are shared by many chains").isLessThan(guest.packets());
    }

    @Test
    void aSinkWithoutDemandHoldsTheGuestAtItsCredit() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        guest.write(GUEST, HOST, new byte[4 * MIB]);
        for (int i = 0; i < 1000; i++) {
            guest.turn();
            step();
        }
        assertThat(guest.sent(GUEST, HOST)).isPositive().isLessThanOrEqualTo(256 * 1024);
        RecordingHandler other = new RecordingHandler();
        other.autoRequest = 1000;
        VsockHost.Listener listener = device.host().listen(HOST + 1, 1, request -> request.accept(other));
        guest.dial(GUEST, HOST + 1);
        guest.write(GUEST, HOST + 1, new byte[MIB]);
        until(() -> other.received.size() == MIB);
        listener.close();

        long stalledAt = guest.sent(GUEST, HOST);
        handler.autoRequest = 10_000;
        handler.channel.request(10_000);
        step();
        until(() -> handler.received.size() == 4 * MIB);
        assertThat(stalledAt).isLessThan(4 * MIB);
    }

    @Test
    void halfClosesEachWayLeaveTheOtherOpen() {
        RecordingHandler first = guestDials(RecordingHandler.demanding(1000));
        guest.shutdown(GUEST, HOST, VsockHeader.SHUTDOWN_SEND);
        until(() -> first.events.contains("end"));
        first.channel.write(new byte[5000], 0, 5000);
        until(() -> guest.received(GUEST, HOST).length == 5000);
        first.channel.shutdownOutput();
        until(first::over);
        assertThat(first.marks()).containsExactly("open", "end", "closed");

        until(() -> guest.isGone(GUEST, HOST));
        RecordingHandler second = guestDials(RecordingHandler.demanding(1000));
        second.channel.shutdownOutput();
        until(() -> guest.sawEnd(GUEST, HOST));
        guest.write(GUEST, HOST, new byte[5000]);
        guest.shutdown(GUEST, HOST, VsockHeader.SHUTDOWN_BOTH);
        until(second::over);
        assertThat(second.marks()).containsExactly("open", "end", "closed");
        assertThat(second.received.size()).isEqualTo(5000);
        until(() -> guest.isGone(GUEST, HOST));
    }

    @Test
    void resetsWorkBothWays() {
        RecordingHandler first = guestDials(new RecordingHandler());
        first.channel.reset();
        until(() -> guest.isGone(GUEST, HOST));
        assertThat(first.marks()).containsExactly("open");
        RecordingHandler second = guestDials(new RecordingHandler());
        guest.reset(GUEST, HOST);
        until(second::over);
        assertThat(second.cause).isInstanceOf(VsockResetException.class);
    }

    @Test
    void acceptTimeoutGoesByTheGivenClock() {
        List<VsockHost.IncomingRequest> requests = new ArrayList<>();
        device.host().listen(HOST, 1, requests::add);
        guest.dial(GUEST, HOST);
        until(() -> !requests.isEmpty());
        now += Duration.ofSeconds(10).toNanos();
        until(() -> guest.isGone(GUEST, HOST));
    }

    @Test
    void aPauseKeepsConnectionsAndADriverResetDoesNot() {
        RecordingHandler handler = guestDials(RecordingHandler.demanding(1000));
        guest.pauseAndResume();
        guest.write(GUEST, HOST, new byte[3000]);
        until(() -> handler.received.size() == 3000);
        handler.channel.write(new byte[3000], 0, 3000);
        until(() -> guest.received(GUEST, HOST).length == 3000);

        guest.restartDriver();
        until(handler::over);
        assertThat(handler.cause).hasMessageContaining("restarted");
        RecordingHandler next = guestDials(RecordingHandler.demanding(1000));
        guest.write(GUEST, HOST, new byte[10]);
        until(() -> next.received.size() == 10);
        assertThat(broken).isEmpty();
    }

    /** The loop hears of the kick and of the reset at once. */
    @Test
    void whatTheDriverSentJustBeforeItsResetIsTaken() {
        RecordingHandler handler = guestDials(RecordingHandler.demanding(1000));
        guest.write(GUEST, HOST, new byte[300]);
        guest.turn();
        guest.restartDriver();
        until(handler::over);
        assertThat(handler.received.size()).isEqualTo(300);
        assertThat(handler.cause).hasMessageContaining("restarted");
    }

    @Test
    void anExpectedDetachKeepsListenersAndLetsAnotherFrontEndIn() {
        RecordingHandler handler = new RecordingHandler();
        device.host().listen(HOST, 1, request -> request.accept(handler));
        guest.dial(GUEST, HOST);
        until(() -> guest.isOpen(GUEST, HOST));
        CompletableFuture<Void> left = new CompletableFuture<>();
        CompletionStage<Void> expected = device.expectDetach(() -> left.complete(null));
        step();
        assertThat(expected.toCompletableFuture()).isCompleted();
        assertThat(left).isNotDone();
        guest.close();
        step();
        assertThat(left).isCompleted();
        assertThat(handler.marks()).containsExactly("open", "reset");

        guest = connect(directory.resolve("vs"));
        guest.dial(GUEST, HOST);
        until(() -> guest.isOpen(GUEST, HOST));
        assertThat(broken).isEmpty();
    }

    @Test
    void aFrontEndThatVanishesBreaksTheDeviceOnce() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        guest.close();
        step();
        assertThat(broken).hasSize(1).first().asString().contains("front-end");
        assertThat(handler.marks()).containsExactly("open", "reset");
        List<String> late = new ArrayList<>();
        device.onBroken(late::add);
        step();
        assertThat(late).isEqualTo(broken);
    }

    @Test
    void aBrokenRingBreaksTheDeviceAndNotTheLoop() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        guest.breakTxRing();
        step();
        assertThat(broken).hasSize(1).first().asString().contains("broke its vsock ring");
        assertThat(handler.cause).isInstanceOf(VsockResetException.class);
        assertThat(loop.doWork(Duration.ZERO)).isFalse();
    }

    @Test
    void aRingThatCannotRunIsTheGuestsFault() {
        guest.restartDriverAtOddAddress();
        assertThat(broken)
                .hasSize(1)
                .first()
                .asString()
                .contains("the guest broke a ring", "used ring", "is not aligned to 4");
    }

    @Test
    void aTurnTakesOneShareAndCallsOnceHoweverManyKicksCame() {
        device.close();
        step();
        guest.close();
        broken.clear();
        VsockLimits limits =
                new VsockLimits(256 * 1024, 64L * MIB, budget, 1024, TIMEOUT, TIMEOUT, MIB, 256 * 1024, 4, 256);
        device = new VsockDevice(RingGuest.CID, limits, loop);
        device.onBroken(broken::add);
        device.listen(directory.resolve("vs3"), this::memory, pid -> true);
        step();
        guest = connect(directory.resolve("vs3"));
        guest.turn();
        step();
        guest.txCalls();
        guest.floodStrangers(20);
        guest.kickBoth();
        int left = guest.outstandingTx();
        for (int turns = 0; left > 0; turns++) {
            assertThat(turns).isLessThan(10);
            loop.doWork(Duration.ZERO);
            int now = guest.outstandingTx();
            assertThat(left - now).as("chains of one turn").isEqualTo(4);
            assertThat(guest.txCalls()).as("calls of one turn").isEqualTo(1);
            left = now;
            guest.kickBoth();
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void whatComesUpInATurnNeedsNoOther() {
        RecordingHandler handler = guestDials(RecordingHandler.demanding(1000));
        guest.turn();
        step();
        guest.turn();
        step();
        guest.floodStrangers(3);
        assertThat(loop.doWork(Duration.ZERO)).as("RSTs were made and sent").isTrue();
        assertThat(loop.doWork(Duration.ZERO)).isFalse();
        long before = guest.packets();
        guest.turn();
        assertThat(guest.packets() - before).isEqualTo(3);
        assertThat(handler.marks()).containsExactly("open");
    }

    @Test
    void closingTellsEverybodyAndIsNoBreakage() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        RecordingHandler dialling = new RecordingHandler();
        device.host().connect(5, TIMEOUT, dialling);
        device.close();
        step();
        assertThat(handler.cause).isInstanceOf(VsockResetException.class).hasMessageContaining("the VM ended");
        assertThat(dialling.cause).hasMessageContaining("the VM ended");
        assertThat(broken).isEmpty();
        assertThat(catchThrowable(() -> device.host().listen(HOST, 1, request -> {})))
                .isInstanceOf(VsockException.class);
        RecordingHandler late = new RecordingHandler();
        device.host().connect(5, TIMEOUT, late);
        step();
        assertThat(late.events).containsExactly("reset");
    }

    @Test
    void theEndOfTheLoopEndsItsDevices() {
        RecordingHandler handler = guestDials(new RecordingHandler());
        loop.close();
        assertThat(handler.marks()).containsExactly("open", "reset");
        assertThat(broken).hasSize(1);
    }

    @Test
    void anUnfitSocketIsReported() {
        CompletableFuture<Void> second = device.listen(directory.resolve("other"), this::memory, pid -> true)
                .toCompletableFuture();
        step();
        assertThat(catchThrowable(second::join)).hasCauseInstanceOf(VsockException.class);
        try (VsockDevice other = new VsockDevice(5, VsockLimits.defaults(budget), loop)) {
            CompletableFuture<Void> unfit = other.listen(Path.of("/nonexistent/vs"), this::memory, pid -> true)
                    .toCompletableFuture();
            step();
            assertThat(catchThrowable(unfit::join)).hasCauseInstanceOf(VmetteIoException.class);
        }
        step();
        assertThat(catchThrowable(() -> new VsockDevice(2, VsockLimits.defaults(budget), loop)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aGuestThatGivesNoRxBuffersIsNotHeardForEver() {
        guest.withholdRxBuffers();
        guest.floodStrangers(5000);
        for (int i = 0; i < 20; i++) {
            step();
            guest.turn();
        }
        assertThat(guest.outstandingTx()).as("chains left alone").isPositive();
        guest.offerRxBuffers();
        until(() -> guest.outstandingTx() == 0 && guest.flooded() == 0);
        assertThat(broken).isEmpty();
    }
}
