package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.linux.OpenFds;
import vmette.memory.MappedGuestMemory;

/** Two loops and four devices, each with a guest of its own; stepped, but for the one test of the threads. */
class DeviceLoopsTest {
    private static final int HOST = 7000;
    private static final int BYTES = 300_000;

    @TempDir
    Path directory;

    private final VsockBudget budget = new VsockBudget(64 << 20);
    private final List<DeviceLoop> loops = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private final List<VsockDevice> devices = new ArrayList<>();
    private final List<RingGuest> guests = new ArrayList<>();
    private final List<RecordingHandler> handlers = new ArrayList<>();
    private Set<String> before;

    @BeforeEach
    void start() {
        before = OpenFds.ours();
        for (int i = 0; i < 2; i++) {
            int number = i;
            loops.add(new DeviceLoop(System::nanoTime, failure -> broken.add("loop " + number)));
        }
        DeviceLoops spread = new DeviceLoops(loops, () -> loops.get(0));
        for (int i = 0; i < 4; i++) {
            int number = i;
            VsockDevice device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(budget), spread.next());
            device.onBroken(reason -> broken.add("device " + number));
            Path socket = directory.resolve("vs" + i);
            device.listen(socket, peer -> MappedGuestMemory::open, pid -> true);
            step();
            guests.add(RingGuest.connect(socket, this::step));
            devices.add(device);
            RecordingHandler handler = RecordingHandler.demanding(10_000);
            device.host().listen(HOST, 1, request -> request.accept(handler));
            handlers.add(handler);
        }
        until(0, 4, guest -> {
            guests.get(guest).dial(1, HOST);
            return () -> guests.get(guest).isOpen(1, HOST);
        });
    }

    @AfterEach
    void nothingIsLeft() {
        new DeviceLoops(loops, () -> loops.get(0)).close();
        guests.forEach(RingGuest::close);
        assertThat(budget.reserved()).isZero();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private void step() {
        boolean more;
        int turns = 0;
        do {
            more = false;
            for (DeviceLoop loop : loops) {
                more |= loop.doWork(Duration.ZERO);
            }
            assertThat(turns++).isLessThan(100_000);
        } while (more);
    }

    private interface Goal {
        BooleanSupplier of(int guest);
    }

    private void until(int from, int to, Goal goal) {
        List<BooleanSupplier> goals = new ArrayList<>();
        for (int i = from; i < to; i++) {
            goals.add(goal.of(i));
        }
        for (int round = 0; !goals.stream().allMatch(BooleanSupplier::getAsBoolean); round++) {
            assertThat(round).as("rounds").isLessThan(10_000);
            for (int i = from; i < to; i++) {
                guests.get(i).turn();
            }
            step();
        }
    }

    private void moveBytes(int from, int to) {
        until(from, to, i -> {
            int goal = handlers.get(i).received.size() + BYTES;
            guests.get(i).write(1, HOST, new byte[BYTES]);
            return () -> handlers.get(i).received.size() == goal;
        });
    }

    @Test
    void devicesAreSpreadInTurnAndEachIsServedByItsOwnLoop() {
        DeviceLoops spread = new DeviceLoops(loops, () -> loops.get(0));
        assertThat(List.of(spread.next(), spread.next(), spread.next(), spread.next()))
                .containsExactly(loops.get(0), loops.get(1), loops.get(0), loops.get(1));

        guests.get(1).write(1, HOST, new byte[100]);
        guests.get(1).turn();
        while (loops.get(0).doWork(Duration.ZERO)) {
            // whatever it has to do, it is not this
        }
        assertThat(handlers.get(1).received.size()).isZero();
        while (loops.get(1).doWork(Duration.ZERO)) {
            // until it has nothing to do
        }
        assertThat(handlers.get(1).received.size()).isEqualTo(100);
    }

    @Test
    void aBrokenDeviceLeavesItsLoopAndTheOtherAlone() {
        moveBytes(0, 4);
        guests.get(0).breakTxRing();
        step();
        assertThat(broken).containsExactly("device 0");
        assertThat(handlers.get(0).over()).isTrue();
        moveBytes(1, 4);
        assertThat(handlers.subList(1, 4)).noneMatch(RecordingHandler::over);
    }

    @Test
    void aLoopThatEndsTakesItsOwnDevicesOnly() {
        loops.get(1).close();
        assertThat(broken).containsExactlyInAnyOrder("device 1", "device 3");
        assertThat(handlers).extracting(RecordingHandler::over).containsExactly(false, true, false, true);
        moveBytes(0, 1);
        moveBytes(2, 3);
    }

    @Test
    void eachLoopHasAThreadOfItsOwnAndAllEndWithClose() throws Exception {
        assertThatThrownBy(() -> DeviceLoops.start(0, failure -> {})).isInstanceOf(IllegalArgumentException.class);
        DeviceLoops started = DeviceLoops.start(3, failure -> {});
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        for (int i = 0; i < 6; i++) {
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            started.next().execute(() -> thread.complete(Thread.currentThread()));
            threads.add(thread.get(20, TimeUnit.SECONDS));
        }
        assertThat(threads).hasSize(3).allMatch(Thread::isAlive);
        started.close();
        started.close();
        assertThat(threads).noneMatch(Thread::isAlive);
    }

    @Test
    void afterTheirEndNoneIsReplaced() throws Exception {
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        DeviceLoops started = DeviceLoops.start(1, failed::complete);
        DeviceLoop first = started.next();
        first.execute(() -> {
            throw new StackOverflowError("bug");
        });
        failed.get(30, TimeUnit.SECONDS);
        started.close();
        assertThat(started.next()).isSameAs(first);
    }

    /** On one loop with a thread of its own: what comes up again is served, and by another thread. */
    @Test
    void aLoopThatFailsIsReplacedBeforeItsDevicesHearOfIt() throws Exception {
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        try (DeviceLoops started = DeviceLoops.start(1, failed::complete)) {
            DeviceLoop first = started.next();
            VsockDevice device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(budget), first);
            RingGuest guest = connect(device, "first");
            RecordingHandler handler = RecordingHandler.demanding(10_000);
            device.host().belongsTo("incarnation 1 of VM web");
            device.host().listen(HOST, 1, request -> request.accept(handler));
            dial(guest);
            // What a supervisor does when it is told: it asks for the next one's loop at once, from whatever thread.
            CompletableFuture<DeviceLoop> next = new CompletableFuture<>();
            device.onBroken(reason -> next.complete(started.next()));
            StackOverflowError bug = new StackOverflowError("bug");
            first.execute(() -> {
                throw bug;
            });

            assertThat(next.get(30, TimeUnit.SECONDS)).isNotSameAs(first);
            assertThat(failed.get(30, TimeUnit.SECONDS)).isSameAs(bug);
            device.closed().toCompletableFuture().get(30, TimeUnit.SECONDS);
            assertThat(handler.cause)
                    .hasMessageContaining("the device loop failed: java.lang.StackOverflowError: bug")
                    .hasMessageContaining("(incarnation 1 of VM web)");
            guest.close();

            assertThat(started.next()).isSameAs(next.join());
            VsockDevice recovered = new VsockDevice(RingGuest.CID, VsockLimits.defaults(budget), started.next());
            recovered.host().listen(HOST, 1, request -> request.accept(RecordingHandler.demanding(10_000)));
            RingGuest second = connect(recovered, "second");
            dial(second);
            recovered.close();
            recovered.closed().toCompletableFuture().get(30, TimeUnit.SECONDS);
            second.close();
        }
    }

    private RingGuest connect(VsockDevice device, String name) throws Exception {
        Path socket = directory.resolve(name);
        device.listen(socket, peer -> MappedGuestMemory::open, pid -> true)
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
        return RingGuest.connect(socket, Thread::onSpinWait);
    }

    private static void dial(RingGuest guest) {
        guest.dial(1, HOST);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!guest.isOpen(1, HOST)) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(deadline);
            guest.turn();
        }
    }
}
